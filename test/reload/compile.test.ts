import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import t, { type Test } from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { type CompiledPlugin, compileLimits, compilePlugin } from "../../core/reload/compile.ts";
import { findPlugins } from "../../core/reload/plugin-files.ts";
import { formatPluginProblem, PluginError } from "../../core/reload/problem.ts";
import { guestGlobals } from "../../sdk/runtime/global-names.ts";
import { noProc } from "../fault/sluice-process.ts";
import { childrenOf } from "../support/child-processes.ts";
import { folderWith, put } from "./folder.ts";
import { askQuickJs, runHere } from "./run-script.ts";

t.teardown(stopBundler);

/** Found in QuickJS, but not left to guests, or given by the runtime. */
const notLanguage = ["FinalizationRegistry", "Atomics", "SharedArrayBuffer", "globalThis"];
const languageNames = (
  await askQuickJs(
    "() => Object.getOwnPropertyNames(globalThis)",
    "{}",
    "plugin.filter((name) => globalThis[name] !== undefined)",
  )
)
  .split(",")
  .filter((name) => !notLanguage.includes(name));

/** Compiles the first plugin of a folder. */
async function compileIn(folder: string, limits = compileLimits): Promise<CompiledPlugin> {
  const [file] = await findPlugins(folder);
  return compilePlugin(file!, limits);
}

/** Compiles `plugins/p.ts` beside other files. */
function compile(t: Test, text: string, files: Record<string, string> = {}): Promise<CompiledPlugin> {
  return compileIn(join(folderWith(t, { "plugins/p.ts": text, ...files }), "plugins"));
}

/** What `export default` gives, in this realm and without globals. */
async function defaultOf(t: Test, text: string, files?: Record<string, string>): Promise<unknown> {
  return runHere((await compile(t, text, files)).code, {})["default"];
}

/** Returns how many there were. */
function killEsbuild(): number {
  const found = childrenOf(process.pid).filter(({ args }) => args[0]!.includes("esbuild"));
  for (const { pid } of found) process.kill(pid, "SIGKILL");
  return found.length;
}

async function refused(t: Test, compiling: Promise<unknown>): Promise<PluginError> {
  const error = await compiling.then(
    () => t.fail("expected an error"),
    (error: unknown) => error,
  );
  if (!(error instanceof PluginError)) throw error;
  return error;
}

/** Problems without the folder. */
async function problems(t: Test, text: string, files?: Record<string, string>): Promise<string[]> {
  const { problems } = await refused(t, compile(t, text, files));
  return problems.map((problem) => formatPluginProblem(problem).replace(/^.*?\/(?=plugins\/)/, ""));
}

t.test("a plugin in TypeScript imports the SDK from a folder where nothing is installed", async (t) => {
  const { code } = await compile(
    t,
    `import { definePlugin } from "sluice/sdk";
     export default definePlugin({ name: "p", onRequest(request) { request.headers.set("a", "b"); } });`,
  );
  const plugin = runHere(code, {})["default"] as { name: string; onRequest: unknown };
  t.equal(plugin.name, "p");
  t.type(plugin.onRequest, "function");
  t.equal(await askQuickJs(code, "{}", "plugin.default.name"), "p");
});

t.test("local modules, JSON, text and npm packages are bundled in", async (t) => {
  const value = await defaultOf(
    t,
    `import { shared } from "../lib/shared.ts";
     import data from "./data.json";
     import page from "./page.html";
     import text from "./notes.txt";
     import esm from "esm-package";
     import cjs from "cjs-package";
     export default [shared, data.x, page, text, esm, cjs.name, process.env.NODE_ENV].join();`,
    {
      "lib/shared.ts": "export const shared: string = 'shared';",
      "plugins/data.json": '{ "x": 1 }',
      "plugins/page.html": "<p>",
      "plugins/notes.txt": "notes",
      "node_modules/esm-package/package.json": JSON.stringify({
        exports: { node: "./node.js", worker: "./worker.js", default: "./default.js" },
      }),
      "node_modules/esm-package/worker.js": "export default 'worker'",
      "node_modules/cjs-package/package.json": JSON.stringify({ main: "main.js" }),
      "node_modules/cjs-package/main.js": "exports.name = 'cjs'",
    },
  );
  t.equal(value, "shared,1,<p>,notes,worker,cjs,production");
});

t.test("a plugin sees the guest's globals and none of the host's, in the host's own realm too", async (t) => {
  const names = [
    ...globalNames(),
    "module",
    "exports",
    "__dirname",
    "__filename",
    "window",
    "WebAssembly",
    "Atomics",
  ];
  t.ok(names.includes("process") && names.includes("Array"));
  const { code } = await compile(t, `export default [${names.map((name) => `["${name}", typeof ${name}]`)}]`);
  const kinds = runHere(code, {})["default"] as [name: string, kind: string][];
  const visible = kinds.filter(([, kind]) => kind !== "undefined").map(([name]) => name);
  t.same(visible.sort(), names.filter((name) => languageNames.includes(name)).sort());

  const given = Object.fromEntries(guestGlobals.map((name) => [name, `my ${name}`]));
  const echo = await compile(t, `export default { ${guestGlobals.join()} }`);
  t.same(runHere(echo.code, given)["default"], given);
});

t.test("what looks like require is nothing that loads", async (t) => {
  t.match(
    await defaultOf(
      t,
      "let found; try { found = require('fs') } catch (error) { found = error } export default found",
    ),
    { message: 'Dynamic require of "fs" is not supported' },
  );
});

t.test("a name of the host's that nobody knew of yet stays out of sight too", async (t) => {
  t.teardown(() => Reflect.deleteProperty(globalThis, "hostSecret"));
  Reflect.set(globalThis, "hostSecret", 1);
  t.equal(await defaultOf(t, "// @ts-nocheck\nexport default typeof hostSecret"), "undefined");
});

t.test("a plugin is strict code: a function called alone has no this", async (t) => {
  t.equal(await defaultOf(t, "export default (function () { return typeof this; })()"), "undefined");
});

t.test(
  "an import that can only be known at run time throws inside the plugin, and loads nothing",
  async (t) => {
    const { code } = await compile(t, "export default (name) => import(name)");
    const load = runHere(code, {})["default"] as (name: string) => Promise<unknown>;
    await t.rejects(load("node:fs"), /not supported/);
    await t.rejects(load("data:text/javascript,export default 1"), /not supported/);
  },
);

t.test(
  "modern JavaScript runs on QuickJS: private fields, static blocks, decorators, patterns",
  async (t) => {
    const { code } = await compile(
      t,
      `const log: string[] = [];
     const upper = (method: () => string) => function () { return method().toUpperCase(); };
     class Thing {
       static #count = 0;
       static { Thing.#count = 2; }
       #value = 1;
       @upper text() { return "t"; }
       static has(thing: object) { return #value in thing; }
       static get count() { return Thing.#count; }
     }
     { const thing = new Thing(); log.push(thing.text(), String(Thing.has(thing)), String(Thing.count)); }
     let late: string | null = null;
     late ??= "late";
     export default [...log, late, /(?<y>\\d{4})/.exec("in 2026")?.groups?.y, [3, 1].toSorted().at(0)].join();`,
    );
    const expected = "T,true,2,late,2026,1";
    t.equal(runHere(code, {})["default"], expected);
    t.equal(await askQuickJs(code, "{}", "plugin.default"), expected);
  },
);

t.test("the source map leads to the author's lines, through the folder of the plugin", async (t) => {
  const text = 'export default {\n  onRequest() {\n    throw new Error("here");\n  },\n};\n';
  const folder = folderWith(t, { "auth/index.ts": text, "tenant.ts": text });
  for (const [index, source] of ["auth/index.ts", "tenant.ts"].entries()) {
    const { code, map } = await compilePlugin((await findPlugins(folder))[index]!);
    const before = code.slice(0, code.indexOf("new Error")).split("\n");
    const position = { line: before.length, column: before.at(-1)!.length };
    const found = originalPositionFor(new TraceMap(map), position);
    t.match(found, { source, line: 3, column: 10 });
    t.same(JSON.parse(map).sourcesContent, [text]);
  }
});

t.test("equal sources have an equal hash wherever they lie; an edit changes it", async (t) => {
  const files = { "p.ts": 'import { x } from "./_x.ts"; export default x', "_x.ts": "export const x = 1;" };
  const [one, other] = [folderWith(t, files), folderWith(t, files)];
  const { hash } = await compileIn(one);
  t.equal((await compileIn(other)).hash, hash);
  put(join(one, "_x.ts"), "export const x = 2;");
  t.not((await compileIn(one)).hash, hash);
});

t.test("what a plugin is made of is listed by real paths, the SDK left out", async (t) => {
  const folder = folderWith(t, {
    "plugins/p.ts":
      'import "sluice/sdk"; import { x } from "../lib/x.ts"; import y from "./y.json"; export default [x, y]',
    "lib/x.ts": "export const x = 1;",
    "plugins/y.json": "1",
  });
  const { inputs } = await compileIn(join(folder, "plugins"));
  t.same([...inputs].sort(), [
    join(folder, "lib/x.ts"),
    join(folder, "plugins/p.ts"),
    join(folder, "plugins/y.json"),
  ]);
});

t.test("a new version in a mount of Kubernetes is the same plugin when its text is", async (t) => {
  const text = "export default () => { throw 1 }";
  const folder = folderWith(t, { "..1/p.ts": text });
  symlinkSync("..1", join(folder, "..data"));
  symlinkSync("..data/p.ts", join(folder, "p.ts"));
  const first = await compileIn(folder);
  t.same(JSON.parse(first.map).sources, ["p.ts"]);
  t.same(first.inputs, [join(folder, "..1/p.ts")]);

  put(join(folder, "..2/p.ts"), text);
  symlinkSync("..2", join(folder, "..data_tmp"));
  renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
  rmSync(join(folder, "..1"), { recursive: true });
  t.equal((await compileIn(folder)).hash, first.hash);

  put(join(folder, "..2/p.ts"), "export default {\n  a: }");
  const { problems } = await refused(t, compileIn(folder));
  t.match(problems, [{ file: join(folder, "p.ts"), line: 2, column: 6 }]);
});

t.test("a linked plugin is shown where its text is edited", async (t) => {
  const folder = folderWith(t, { "src/tenant.ts": "export default }", "plugins/_": "" });
  symlinkSync("../src/tenant.ts", join(folder, "plugins/10-a.ts"));
  const { problems } = await refused(t, compileIn(join(folder, "plugins")));
  t.match(problems, [{ file: join(folder, "src/tenant.ts"), line: 1, column: 16 }]);
});

t.test("a mistake is told with the author's file, line, column and the lines around it", async (t) => {
  const { problems } = await refused(
    t,
    compile(t, 'const é = "é";\n\tconst é2 = "é" +;\nexport default é;\n'),
  );
  t.equal(problems.length, 1);
  t.match(problems[0], { line: 2, column: 18, message: 'Unexpected ";"' });
  t.equal(
    problems[0]?.frame,
    [
      '  1 | const é = "é";',
      '> 2 |   const é2 = "é" +;',
      "    |                   ^",
      "  3 | export default é;",
    ].join("\n"),
  );
});

t.test("all problems of a plugin are told at once", async (t) => {
  const text =
    'import a from "./a.ts";\nimport b from "b";\nimport c from "./p.json";\nexport default [a, b, c];\n';
  t.same(await problems(t, text), [
    'plugins/p.ts:1:15: cannot find "./a.ts"',
    'plugins/p.ts:2:15: cannot find "b"',
    'plugins/p.ts:3:15: cannot find "./p.json"',
  ]);
});

t.test("a failed plugin lists the files that may put it right", async (t) => {
  const folder = folderWith(t, {
    "plugins/p.ts": 'import { a } from "../lib/a.ts"; export default a;',
    "lib/a.ts": 'export { a } from "../other/b.ts";',
  });
  const { inputs } = await refused(t, compileIn(join(folder, "plugins")));
  for (const file of ["plugins/p.ts", "lib/a.ts", "other/b.ts"])
    t.ok(inputs.includes(join(folder, file)), file);
});

t.test("a module of Node is refused at the line that imports it", async (t) => {
  const text =
    'import { readFileSync } from "node:fs";\nimport path from "path";\nexport default [readFileSync, path];\n';
  t.same(
    (await problems(t, text)).map((line) => line.replace(/,.*/, "")),
    ["plugins/p.ts:1:30: node:fs is a module of Node", "plugins/p.ts:2:18: path is a module of Node"],
  );
});

t.test("a package of the name of a module of Node is used when it is installed", async (t) => {
  const value = await defaultOf(t, 'import events from "events"; export default events', {
    "node_modules/events/index.js": "module.exports = 'from npm'",
  });
  t.equal(value, "from npm");
});

t.test("sluice/testing is no part of a plugin, and sluice has nothing else for one", async (t) => {
  t.same(await problems(t, 'import { x } from "sluice/testing";\nexport default x;'), [
    "plugins/p.ts:1:19: sluice/testing is for tests, not for plugins",
  ]);
  t.same(await problems(t, 'import { x } from "sluice";\nexport default x;'), [
    'plugins/p.ts:1:19: a plugin imports "sluice/sdk", found "sluice"',
  ]);
});

t.test("nothing is loaded from URLs", async (t) => {
  for (const url of [
    "https://example.com/x.js",
    "data:text/javascript,export default 1",
    "file:///etc/passwd",
  ]) {
    const [found = ""] = await problems(t, `import x from "${url}";\nexport default x;`);
    t.match(found, /^plugins\/p\.ts:1:15: expected a file or an npm package, found/);
  }
});

t.test("top-level await is refused, with the way that there is", async (t) => {
  t.same(await problems(t, "\nexport default await 1;"), [
    "plugins/p.ts:2:16: a plugin has no top-level await: use setup(), which may be async",
  ]);
});

t.test("attack: data from outside of the plugin's folder does not get into a bundle", async (t) => {
  const files = { "secret/key.json": '{ "key": 1 }', "secret/key.txt": "key" };
  const [type, ...loaders] = ["json", "text", "bytes", "base64", "file", "copy", "dataurl", "binary"];
  const json = await problems(t, `import x from '../secret/key.${type}';\nexport default x;`, files);
  t.match(json, [/^plugins\/p\.ts:1:15: data is imported from the plugin's folder and from packages only/]);
  for (const loader of loaders) {
    const text = `import x from "../secret/key.txt" with { type: "${loader}" };\nexport default x;`;
    await t.rejects(compile(t, text, files), PluginError, loader);
  }
  await t.rejects(
    compile(t, 'import x from "/etc/passwd" with { type: "text" }; export default x'),
    PluginError,
  );
  await t.rejects(
    compile(t, 'import x from "../lib.ts" with { type: "text" }; export default x', { "lib.ts": "key" }),
    PluginError,
  );
  await t.rejects(
    compile(t, 'import x from "../other/node_modules/a/key.json"; export default x', {
      "other/node_modules/a/key.json": "1",
    }),
    PluginError,
  );
});

t.test("attack: a link in the plugin's folder does not lead data from outside into a bundle", async (t) => {
  const folder = folderWith(t, {
    "plugins/p.ts": 'import x from "./x.json"; export default x',
    "secret/key.json": "1",
  });
  symlinkSync("../secret/key.json", join(folder, "plugins/x.json"));
  await t.rejects(compileIn(join(folder, "plugins")), PluginError);
});

t.test(
  "attack: a suffix does not make data from outside of the plugin's folder look like code",
  async (t) => {
    const files = { "etc/key.json": '{ "key": 1 }', "etc/key.txt": "key" };
    for (const name of ["key.json?.ts", "key.txt#.ts", "key.txt?a.js", "key.json?a#b.mjs"]) {
      const found = await problems(t, `import x from "../etc/${name}";\nexport default x;`, files);
      t.match(
        found,
        [/^plugins\/p\.ts:1:15: data is imported from the plugin's folder and from packages only/],
        name,
      );
    }
    const own = await defaultOf(t, 'import x from "./own.txt?.ts"; export default x', {
      "plugins/own.txt": "own",
    });
    t.equal(own, "own");
  },
);

t.test(
  "attack: no other way leads data from outside into a bundle, or into a message about it",
  async (t) => {
    const files = {
      "etc/key.json": '{ "key": "of the host" }',
      "etc/broken.json": '{ "key": "of the host", }}',
      "etc/index.js/key.txt": "of the host",
      "plugins/node_modules/q/package.json": JSON.stringify({
        main: "../../../etc/key.json",
        browser: { "./a.js": "../../../etc/key.json", b: "../../../etc/key.json" },
        exports: { "./c": "./../../../etc/key.json", "./d": "./../../../etc/key.json?.js" },
      }),
      "plugins/node_modules/r/package.json": JSON.stringify({ main: "../../../etc/key.json" }),
      "plugins/package.json": JSON.stringify({
        browser: { "./_a.js": "../etc/key.json", b: "../etc/key.json" },
        imports: { "#a": "./../etc/key.json" },
      }),
      "plugins/_a.js": "",
      "plugins/tsconfig.json": JSON.stringify({ compilerOptions: { paths: { a: ["../etc/key.json"] } } }),
    };
    const link = (folder: string) => {
      symlinkSync("../etc/key.json", join(folder, "plugins/_link.json"));
      symlinkSync("../etc/key.json", join(folder, "plugins/_link.ts"));
      symlinkSync("../etc", join(folder, "plugins/_folder"));
    };
    const names = [
      "../etc/broken.json",
      "../etc/index.js/key.txt",
      "./__virtual__/a/1/etc/key.json",
      "./$$virtual/a/1/etc/key.json",
      "./_folder/key.json",
      "./_folder/key.json?.ts",
      "./_link.json",
      "./_link.ts",
      "./_link.ts?.ts",
      "./_a.js",
      "b",
      "#a",
      "a",
      "q",
      "q/a.js",
      "q/c",
      "q/d",
      "r",
      "../etc/%6Bey.json",
      "../etc/key.JSON",
    ];
    const ways = [
      ...names.map((name) => `import x from "${name}"; export default x;`),
      'import x from "../etc/broken.json" with { type: "json" }; export default x;',
      'export default require("../etc/key.json?.ts");',
      'export default await import("../etc/key.json?.ts");',
      'export default (name) => import("../etc/" + name + ".json");',
      'export default (name) => require("./_" + name + ".ts");',
      'export default (name) => import("./_" + name + ".ts");',
      'export { default } from "../etc/key.json?.ts";',
      'import "./a.css?.js"; export default 1;',
    ];
    for (const text of ways) {
      const folder = folderWith(t, {
        ...files,
        "plugins/p.ts": text,
        "plugins/a.css": '@import "../etc/key.json?.css";',
      });
      link(folder);
      const { message, problems } = await refused(t, compileIn(join(folder, "plugins")));
      t.notMatch(message + problems.map(({ frame }) => frame).join(), "of the host", text);
    }
    const { code } = await compile(t, 'export default new URL("../etc/key.json", import.meta.url);', files);
    t.notMatch(code, "of the host");
  },
);

t.test("attack: a file outside that esbuild reads for itself is not quoted in messages", async (t) => {
  for (const name of ["package.json", "node_modules/q/package.json", ".pnp.data.json", ".pnp.cjs"]) {
    const folder = folderWith(t, {
      "plugins/p.ts": 'import x from "q"; export default x;',
      "plugins/node_modules/q/index.js": "",
      "etc/key.txt": "key of the host",
    });
    symlinkSync(join(folder, "etc/key.txt"), join(folder, "plugins", name));
    const { problems } = await refused(t, compileIn(join(folder, "plugins")));
    const file = join(folder, "plugins", name);
    const message = "the text here is wrong, and not shown: it lies outside of the plugin's folder";
    t.match(
      problems.find((problem) => problem.file === file),
      { line: 1, message, frame: "" },
      name,
    );
    t.notMatch(JSON.stringify(problems), /of the host|"key"/, name);
  }
  const own = { "plugins/package.json": '{ "name": }' };
  const [found] = await problems(t, 'import x from "q"; export default x;', own).then((all) => all.slice(-1));
  t.match(found, 'plugins/package.json:1:11: Unexpected "}" in JSON');
});

t.test("attack: a file at a virtual path of Yarn's does not lead esbuild to another one", async (t) => {
  const files = { "etc/key.txt": "of the host", "etc/key.ts": "export default 'of the host'", _: "" };
  const names = [
    "__virtual__/x/1/etc/key.txt",
    "$$virtual/x/1/etc/key.txt",
    "_q/__virtual__/x/2/etc/key.txt",
    "_q/__virtual__/x/2\\etc/key.txt",
    "_q/__virtual__\\x/2/etc/key.txt",
    "__virtual__/x/1/etc/key.ts",
  ];
  const message = /expected a file or a package in node_modules, found .* a virtual one of Yarn's/;
  for (const name of names) {
    const text = `import x from ${JSON.stringify(`./${name}`)} with { type: "text" };\nexport default x;`;
    const found = await problems(t, text, { ...files, [`plugins/${name}`]: "decoy" });
    t.match(found, [message], name);
  }
  const folder = folderWith(t, {
    ...files,
    "plugins/p.ts": 'import x from "./_link/1/etc/key.txt"; export default x;',
    "plugins/__virtual__/x/1/etc/key.txt": "decoy",
  });
  symlinkSync("__virtual__/x", join(folder, "plugins/_link"));
  t.match((await refused(t, compileIn(join(folder, "plugins")))).problems, [
    { line: 1, column: 15, message },
  ]);
});

t.test("attack: a package.json at a virtual path of Yarn's is not quoted in messages", async (t) => {
  const found = await refused(
    t,
    compile(t, 'import x from "./__virtual__/x/1/etc"; export default x;', {
      "etc/package.json": '{ "main": key of the host }',
      "plugins/__virtual__/x/1/etc/package.json": '{ "main": "a.js" }',
      "plugins/__virtual__/x/1/etc/a.js": "",
    }),
  );
  t.notMatch(JSON.stringify(found.problems), "of the host");
});

t.test("a folder that is called like an archive holds files as any other, and those are read", async (t) => {
  const files = { "plugins/_a.zip/x.txt": "own" };
  t.equal(await defaultOf(t, 'import x from "./_a.zip/x.txt"; export default x', files), "own");
  const other = { "plugins/__virtual__.ts": 'export default "own"' };
  t.equal(await defaultOf(t, 'import x from "./__virtual__.ts"; export default x', other), "own");
});

t.test("attack: files in archives of Yarn's are not read: nothing is known of them before", async (t) => {
  const folder = folderWith(t, { "p.ts": 'import x from "./_a.zip/x.ts"; export default x' });
  writeFileSync(join(folder, "_a.zip"), archive("x.ts", "export default 1"));
  const message = /expected a file or a package in node_modules, found one in an archive/;
  t.match((await refused(t, compileIn(folder))).problems, [{ line: 1, column: 15, message }]);
});

t.test("attack: a source map that a file names is not read", async (t) => {
  const map = (sources: string[]) =>
    `data:application/json;base64,${Buffer.from(JSON.stringify({ version: 3, sources, names: [], mappings: "AAAA;AAAA" })).toString("base64")}`;
  const folder = folderWith(t, {
    "etc/key.txt": "of the host",
    "etc/key.json": JSON.stringify({
      version: 3,
      sources: ["x"],
      sourcesContent: ["of the host"],
      names: [],
      mappings: "AAAA;AAAA",
    }),
  });
  const key = join(folder, "etc/key.txt");
  const urls = [
    map([key]),
    map([`file://${key}`]),
    "../etc/key.json",
    "../etc/key.txt",
    `file://${key}`,
    "/dev/zero",
  ];
  urls.push(map(["/dev/zero"]));
  const text = "export default {\n  onRequest() {},\n};\n";
  for (const url of urls) {
    const comments = [
      `//# sourceMappingURL=${url}`,
      `//@ sourceMappingURL=${url}\n`,
      `/*# sourceMappingURL=${url} */`,
      `/*@ sourceMappingURL=${url} */ // the end`,
    ];
    for (const comment of comments) {
      put(join(folder, "plugins/p.ts"), text + comment);
      const { code, map, warnings } = await compileIn(join(folder, "plugins"));
      t.notMatch(code + map + JSON.stringify(warnings), "of the host", comment);
      t.same(JSON.parse(map).sources, ["p.ts"]);
      t.same(warnings, []);
    }
  }
  put(join(folder, "plugins/a.css"), "a {}\n/*# sourceMappingURL=/dev/zero */");
  put(join(folder, "plugins/p.ts"), 'import "./a.css";\nexport default 1;');
  t.equal(runHere((await compileIn(join(folder, "plugins"))).code, {})["default"], 1);
});

t.test("what a file leaves open at its end stays open when it names a source map", async (t) => {
  const mark = "//# sourceMappingURL=x";
  for (const [text, message] of [
    [`export default 1; /* ${mark}`, /Expected "\*\/" to terminate multi-line comment/],
    [`export default \`${mark}`, /Unterminated string literal/],
    [`${mark}\nexport default /a`, /Unterminated regular expression/],
    [`${mark}\nexport default "a`, /Unterminated string literal/],
  ] as const) {
    t.match(await problems(t, text), [message], text);
  }
  for (const end of ["// a", "/* a */", "`a`;", "/a/;", "0 // a `"]) {
    const { map } = await compile(t, `export default 1;\n${mark}\n${end}`);
    t.same(JSON.parse(map).sources, ["p.ts"], end);
  }
});

t.test("a text that reads like the name of a source map stays as it is, and places with it", async (t) => {
  const text = 'export default [\n  "//# sourceMappingURL=a",\n  `/*# sourceMappingURL=b */`,\n];';
  const { code, map } = await compile(t, text);
  t.same(runHere(code, {})["default"], ["//# sourceMappingURL=a", "/*# sourceMappingURL=b */"]);
  const before = code.slice(0, code.indexOf('"//# source')).split("\n");
  const position = { line: before.length, column: before.at(-1)!.length };
  t.match(originalPositionFor(new TraceMap(map), position), { source: "p.ts", line: 2, column: 2 });
  t.same(await problems(t, `${text}\nconst = 1;\n`), ['plugins/p.ts:5:7: Expected identifier but found "="']);
});

t.test("what a package leaves out for browsers stays out when it names a source map", async (t) => {
  const map = "\n//# sourceMappingURL=x.js.map";
  const files = {
    "node_modules/q/package.json": JSON.stringify({
      main: "x.js",
      browser: { "./node.js": false, fs: false },
    }),
    "node_modules/q/x.js": `require("fs"); module.exports = Object.keys(require("./node.js"));${map}`,
    "node_modules/q/node.js": `require("./deep.js"); exports.node = 1;${map}`,
    "node_modules/q/deep.js": `require("node:net");${map}`,
  };
  t.same(await defaultOf(t, 'import x from "q"; export default x', files), []);
  files["node_modules/q/deep.js"] = map;
  t.same(await defaultOf(t, 'import x from "q"; export default x', files), []);
  t.match(await problems(t, 'import x from "q"; import y from "./_y.ts"; export default [x, y]', files), [
    /^plugins\/p\.ts:1:\d+: cannot find ".\/_y.ts"/,
  ]);
});

t.test("attack: a plugin that is a link to data is refused, and nothing of it is shown", async (t) => {
  for (const [name, text] of Object.entries({
    "key.json": '{ "key": 1 }}',
    "key.txt": "key",
    "key.mts.json": "1",
  })) {
    const folder = folderWith(t, { [`etc/${name}`]: text, "plugins/_": "" });
    symlinkSync(`../etc/${name}`, join(folder, "plugins/p.ts"));
    const { problems } = await refused(t, compileIn(join(folder, "plugins")));
    t.match(problems, [{ message: /^data is imported from the plugin's folder/, frame: "" }], name);
  }
});

t.test("attack: a device is not read, by whatever name", async (t) => {
  const message = /expected a regular file, found a device or a pipe/;
  for (const path of ["/dev/zero", "../../../../../../../../../../dev/zero"]) {
    const [found] = await problems(t, `import x from "${path}" with { type: "text" };\nexport default x;`);
    t.match(found, message);
  }
  const folder = folderWith(t, { "p.ts": 'import x from "./_zero.ts"; export default x' });
  symlinkSync("/dev/zero", join(folder, "_zero.ts"));
  t.match((await refused(t, compileIn(folder))).problems, [{ line: 1, column: 15, message }]);
});

t.test("attack: a file of many megabytes is not read, the plugin's own neither", async (t) => {
  const folder = folderWith(t, { "p.ts": 'import x from "./big.txt"; export default x', "big.txt": "" });
  truncateSync(join(folder, "big.txt"), 2 ** 33);
  const message = /expected a file of at most \d+ bytes, found 8589934592/;
  t.match((await refused(t, compileIn(folder))).problems, [{ line: 1, column: 15, message }]);
  truncateSync(join(folder, "p.ts"), 2 ** 33);
  t.match((await refused(t, compileIn(folder))).problems, [{ file: join(folder, "p.ts"), message }]);
});

t.test("attack: what esbuild finds by another name is not read either", { skip: noPipes() }, async (t) => {
  const folder = folderWith(t, { "big.txt": "", "p.ts": "" });
  truncateSync(join(folder, "big.txt"), 2 ** 33);
  execFileSync("mkfifo", [join(folder, "pipe.json")]);
  for (const name of ["big.txt?a", "big.txt#a", "pipe.json?a", "pipe"]) {
    put(join(folder, "p.ts"), `import x from "./${name}" with { type: "text" };\nexport default x;`);
    const message = /expected a (regular )?file/;
    t.match((await refused(t, compileIn(folder))).problems, [{ line: 1, column: 15, message }], name);
  }
});

t.test("an import whose name is too long for the system is told where it is written", async (t) => {
  const path = `./${"x".repeat(300)}/q.ts`;
  const found = await problems(t, `\nimport "${path}";\nexport default 1;`);
  t.ok(found.includes(`plugins/p.ts:2:8: cannot find "${path}"`), found.join("\n"));
});

t.test(
  "attack: a read that never ends costs one build, and the next one succeeds",
  { skip: noPipes() },
  async (t) => {
    const folder = folderWith(t, { "p.ts": "export default 1" });
    execFileSync("mkfifo", [join(folder, "package.json")]);
    const { problems } = await refused(t, compileIn(folder, { ...compileLimits, time: 100 }));
    t.match(problems, [{ message: "compiling had no end after 100 ms" }]);
    rmSync(join(folder, "package.json"));
    t.equal(runHere((await compileIn(folder)).code, {})["default"], 1);
  },
);

t.test("attack: a comment in the text cannot close the frame around a plugin", async (t) => {
  const { code } = await compile(
    t,
    "export default 1; /*! })(); globalThis.escaped = 1; (() => { */ //# sourceMappingURL=x",
  );
  t.equal(runHere(code, {})["default"], 1);
  t.notOk("escaped" in globalThis);
});

t.test("a bundle is bounded in size, in files and in time", async (t) => {
  const folder = folderWith(t, {
    "p.ts": 'import x from "./_x.json"; export default x',
    "_x.json": `"${"x".repeat(5000)}"`,
  });
  const message = async (limits: Partial<typeof compileLimits>) =>
    (await refused(t, compileIn(folder, { ...compileLimits, ...limits }))).problems.map(
      ({ message }) => message,
    );
  t.match(await message({ codeBytes: 4000 }), [/^bytes in the bundle: expected at most 4000, found \d+$/]);
  t.match(await message({ inputs: 1 }), ["files in the bundle: expected at most 1, found 2"]);
  const large = folderWith(t, { "p.ts": `export default [${"{ a: [1, 2, 3] },".repeat(300_000)}]` });
  const late = await refused(t, compileIn(large, { ...compileLimits, time: 1 }));
  t.match(late.problems, [{ message: "compiling had no end after 1 ms" }]);
  t.equal((await compileIn(folder)).name, "p", "the next build is not disturbed");
});

t.test("builds that are asked for together come one after the other, each with its own result", async (t) => {
  const folder = folderWith(
    t,
    Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`p${n}.ts`, `export default ${n}`])),
  );
  const compiled = await Promise.all((await findPlugins(folder)).map((file) => compilePlugin(file)));
  for (const { name, code } of compiled) t.equal(`p${runHere(code, {})["default"]}`, name);
});

t.test("kill -9 of esbuild between two builds costs neither", { skip: noProc }, async (t) => {
  const folder = folderWith(t, { "p.ts": "export default 1" });
  for (let round = 0; round < 3; round++) {
    t.equal((await compileIn(folder)).name, "p");
    t.ok(killEsbuild() > 0);
    await delay(20 * round);
  }
  t.equal((await compileIn(folder)).name, "p");
});

t.test(
  "attack: a plugin whose build ends esbuild each time is refused by its name",
  { skip: noProc },
  async (t) => {
    const large = folderWith(t, { "large.ts": `export default [${"{ a: [1, 2, 3] },".repeat(300_000)}]` });
    const killing = setInterval(killEsbuild, 1);
    const { problems } = await refused(t, compileIn(large)).finally(() => clearInterval(killing));
    t.match(problems, [{ message: /^compiling it ended esbuild twice, is memory short\? \(The service / }]);
    t.match(problems[0]!.file, /large\.ts$/);
    const folder = folderWith(t, { "p.ts": "export default 1" });
    t.equal((await compileIn(folder)).name, "p", "the next build is not disturbed");
  },
);

t.test("neither the author's tsconfig nor the working directory has a say", async (t) => {
  const text = 'export default [import.meta.url, "a"];';
  const folder = folderWith(t, {
    "a/p.ts": text,
    "b/p.ts": text,
    "b/tsconfig.json": '{ "extends": "nowhere" }',
  });
  const [first, second] = [await compileIn(join(folder, "a")), await compileIn(join(folder, "b"))];
  t.equal(second.hash, first.hash);
  t.match(first.warnings, [{ line: 1, column: 17, message: /import\.meta/ }]);
});

t.test("a plugin that went away while it was being looked for is a problem, not a crash", async (t) => {
  const folder = folderWith(t, { "p.ts": "export default 1" });
  const [file] = await findPlugins(folder);
  rmSync(join(folder, "p.ts"));
  const { problems } = await refused(t, compilePlugin(file!));
  t.match(problems, [{ file: join(folder, "p.ts"), message: "cannot be read: ENOENT" }]);
});

t.test("a package that links elsewhere, as workspaces and pnpm do, is found", async (t) => {
  const folder = folderWith(t, {
    "plugins/p.ts": 'import x from "mine"; export default x',
    "packages/mine/index.js": 'import y from "other"; export default y',
    "packages/mine/node_modules/other/index.js": "export default 'linked'",
  });
  mkdirSync(join(folder, "node_modules"));
  symlinkSync("../packages/mine", join(folder, "node_modules/mine"));
  t.equal(runHere((await compileIn(join(folder, "plugins"))).code, {})["default"], "linked");
});

/** Globals of this host, those behind its prototypes included. */
function globalNames(): string[] {
  const names = new Set<string>();
  for (let object = globalThis; object !== Object.prototype; object = Object.getPrototypeOf(object)) {
    for (const name of Object.getOwnPropertyNames(object)) names.add(name);
  }
  return [...names].filter((name) => /^[A-Za-z_$][\w$]*$/.test(name) && name !== "constructor");
}

/** A zip archive of one file, not compressed. */
function archive(name: string, text: string): Buffer {
  const sizes = Buffer.alloc(16);
  sizes.writeUInt32LE(crc32(text), 0);
  sizes.writeUInt32LE(text.length, 4);
  sizes.writeUInt32LE(text.length, 8);
  sizes.writeUInt32LE(name.length, 12);
  const version = Buffer.from([20, 0]);
  const common = Buffer.concat([version, Buffer.alloc(8), sizes]);
  const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name + text)]);
  const central = Buffer.concat([
    Buffer.from("PK\x01\x02"),
    version,
    common,
    Buffer.alloc(14),
    Buffer.from(name),
  ]);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}

function noPipes(): string | false {
  try {
    execFileSync("mkfifo", ["--version"], { stdio: "ignore" });
    return false;
  } catch {
    return `no mkfifo near ${dirname(process.execPath)}`;
  }
}
