import { renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { createPluginCompiler } from "../../core/reload/plugin-compiler.ts";
import { findPlugins } from "../../core/reload/plugin-files.ts";
import { PluginError } from "../../core/reload/problem.ts";
import { folderWith, put } from "./folder.ts";

t.teardown(stopBundler);

/** Until a file counts as written long ago, ms. */
const age = 80;

/** Compiles the one plugin of a folder with one compiler. */
function compilerOf(folder: string) {
  const compiler = createPluginCompiler();
  return async () => compiler.compile((await findPlugins(folder))[0]!);
}

t.test("what did not change is not compiled again; a change of any file of it is", async (t) => {
  const folder = folderWith(t, {
    "p.ts": 'import { x } from "./_x.ts"; export default x',
    "_x.ts": "export const x = 1;",
  });
  const compile = compilerOf(folder);
  await sleep(age);
  const first = await compile();
  t.equal(await compile(), first);
  put(join(folder, "_x.ts"), "export const x = 2;");
  const second = await compile();
  t.not(second.hash, first.hash);
  await sleep(age);
  const third = await compile();
  t.equal(third.hash, second.hash);
  t.equal(await compile(), third);
});

t.test(
  "a file that has just been written is compiled again: it may have changed while it was read",
  async (t) => {
    const folder = folderWith(t, { "p.ts": "export default 1" });
    const compile = compilerOf(folder);
    const first = await compile();
    const second = await compile();
    t.not(second, first);
    t.equal(second.hash, first.hash);
  },
);

t.test(
  "a file that is imported with a suffix, or left out for browsers, is no reason to compile again",
  async (t) => {
    const folder = folderWith(t, {
      "p.ts": 'import q from "q"; import x from "./_d.json?a#b/c"; export default [q, x]',
      "_d.json": "1",
      "node_modules/q/package.json": JSON.stringify({ main: "m.js", browser: { "./n.js": false } }),
      "node_modules/q/m.js": 'module.exports = require("./n.js");',
      "node_modules/q/n.js": "module.exports = 1;",
    });
    const compile = compilerOf(folder);
    await sleep(age);
    const first = await compile();
    t.same(
      first.inputs.toSorted(),
      ["_d.json", "node_modules/q/m.js", "p.ts"].map((name) => join(folder, name)),
    );
    t.equal(await compile(), first);
    put(join(folder, "_d.json"), "2");
    t.not((await compile()).hash, first.hash);
  },
);

t.test("a file whose own name looks like one with a suffix is known by its whole name", async (t) => {
  const folder = folderWith(t, {
    "p.ts": 'import x from "./_d.txt?a.txt"; import y from "./_e/y.json?b"; export default [x, y]',
    "_d.txt": "1",
    "_d.txt?a.txt": "2",
    "_e#/y.json": "3",
  });
  symlinkSync("_e#", join(folder, "_e"));
  const { inputs } = await compilerOf(folder)();
  const names = ["_d.txt?a.txt", "_e#/y.json", "_e/y.json", "p.ts"];
  t.same(
    inputs.toSorted(),
    names.map((name) => join(folder, name)),
  );
});

t.test("a failure is not remembered, nor what was before it", async (t) => {
  const folder = folderWith(t, {
    "p.ts": 'import { x } from "./_x.ts"; export default x',
    "_x.ts": "export const x = 1;",
  });
  const compile = compilerOf(folder);
  await sleep(age);
  const first = await compile();
  renameSync(join(folder, "_x.ts"), join(folder, "_y.ts"));
  await t.rejects(compile(), PluginError);
  renameSync(join(folder, "_y.ts"), join(folder, "_x.ts"));
  t.equal((await compile()).hash, first.hash);
});

t.test("a link that leads to another file of equal age and size is a change", async (t) => {
  const folder = folderWith(t, { "..1/p.ts": "export default 1", "..2/p.ts": "export default 2" });
  symlinkSync("..1/p.ts", join(folder, "p.ts"));
  const compile = compilerOf(folder);
  await sleep(age);
  const first = await compile();
  rmSync(join(folder, "p.ts"));
  symlinkSync("..2/p.ts", join(folder, "p.ts"));
  t.not((await compile()).hash, first.hash);
});

t.test(
  "a link on the way to a module that leads elsewhere is a change, and is there to be watched",
  async (t) => {
    const names = ["../current/lib.ts", "../current/lib", "../current", "./_lib.ts", "./_lib"];
    const modules = { "v1/lib.ts": "export default 1", "v2/lib.ts": "export default 2" };
    const indexes = { "v1/index.ts": "export default 1", "v2/index.ts": "export default 2" };
    for (const name of names) {
      const text = `import x from "${name}"; export default x`;
      const folder = folderWith(t, { "plugins/p.ts": text, ...modules, ...indexes });
      const point = (version: string) => {
        for (const link of ["current", "plugins/_lib.ts"]) rmSync(join(folder, link), { force: true });
        symlinkSync(version, join(folder, "current"));
        symlinkSync(`../${version}/lib.ts`, join(folder, "plugins/_lib.ts"));
      };
      point("v1");
      const compile = compilerOf(join(folder, "plugins"));
      await sleep(age);
      const first = await compile();
      t.equal(await compile(), first, name);
      t.ok(
        first.inputs.some((input) => /current|_lib/.test(input)),
        `${name} is listed`,
      );
      point("v2");
      t.not((await compile()).hash, first.hash, name);
    }
  },
);

t.test("a package that is put elsewhere and a package.json that says otherwise are changes", async (t) => {
  const version = (number: number) => ({
    [`node_modules/.store/x@${number}/package.json`]: '{ "main": "./m.js" }',
    [`node_modules/.store/x@${number}/m.js`]: `export default ${number};`,
    [`node_modules/.store/x@${number}/n.js`]: `export default "n${number}";`,
  });
  const folder = folderWith(t, {
    "plugins/p.ts": 'import x from "x"; import y from "#y"; export default [x, y]',
    "plugins/package.json": '{ "imports": { "#y": "./_y1.ts" } }',
    "plugins/_y1.ts": 'export default "y1";',
    "plugins/_y2.ts": 'export default "y2";',
    ...version(1),
    ...version(2),
  });
  const linked = join(folder, "node_modules/x");
  symlinkSync(".store/x@1", linked);
  const compile = compilerOf(join(folder, "plugins"));
  await sleep(age);
  const codes = [await compile()];
  t.equal(await compile(), codes[0]);
  const changes = [
    () => {
      rmSync(linked);
      symlinkSync(".store/x@2", linked);
    },
    () => put(join(folder, "plugins/package.json"), '{ "imports": { "#y": "./_y2.ts" } }'),
    () => put(join(folder, "node_modules/.store/x@2/package.json"), '{ "main": "./n.js" }'),
  ];
  for (const change of changes) {
    change();
    await sleep(age);
    const plugin = await compile();
    t.notOk(codes.some(({ hash }) => hash === plugin.hash));
    t.equal(await compile(), plugin);
    codes.push(plugin);
  }
});
