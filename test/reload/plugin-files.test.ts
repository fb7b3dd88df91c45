import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { findPlugins } from "../../core/reload/plugin-files.ts";
import { PluginError } from "../../core/reload/problem.ts";
import { folderWith } from "./folder.ts";

/** Names and paths below the folder. */
async function found(folder: string): Promise<string[][]> {
  const files = await findPlugins(folder);
  return files.map(({ name, path }) => [name, path.slice(folder.length + 1)]);
}

async function problems(t: Test, folder: string): Promise<string[]> {
  const error = await findPlugins(folder).then(
    () => t.fail("expected an error"),
    (error: unknown) => error,
  );
  if (!(error instanceof PluginError)) throw error;
  return error.problems.map(({ file, message }) => `${file.slice(folder.length + 1)}: ${message}`);
}

t.test(
  "plugins are the modules of a folder and its folders with an index, in the order of their names",
  async (t) => {
    const folder = folderWith(t, {
      "b.js": "",
      "a.ts": "",
      "20-c.mts": "",
      "100-d.ts": "",
      "tenant/index.ts": "",
      "30-auth/index.js": "",
    });
    t.same(await found(folder), [
      ["d", "100-d.ts"],
      ["c", "20-c.mts"],
      ["auth", "30-auth/index.js"],
      ["a", "a.ts"],
      ["b", "b.js"],
      ["tenant", "tenant/index.ts"],
    ]);
  },
);

t.test("tests, declarations, packages, hidden and underscored entries are no plugins", async (t) => {
  const folder = folderWith(t, {
    "a.test.ts": "",
    "a.d.ts": "",
    "_shared.ts": "",
    ".hidden.ts": "",
    "node_modules/index.ts": "",
    "_lib/index.ts": "",
    ".git/index.ts": "",
    "notes/readme.md": "",
    "package.json": "{}",
    "data.json": "{}",
    "a.ts~": "",
  });
  symlinkSync("notes", join(folder, "linked-notes"));
  symlinkSync("package.json", join(folder, "linked-data"));
  t.same(await found(folder), []);
});

t.test("a mount of Kubernetes shows its files by links, and each once", async (t) => {
  const folder = folderWith(t, { "..2026_11_21/10-a.ts": "" });
  symlinkSync("..2026_11_21", join(folder, "..data"));
  symlinkSync("..data/10-a.ts", join(folder, "10-a.ts"));
  t.same(await found(folder), [["a", "10-a.ts"]]);
});

t.test("a link that leads nowhere is a problem: a policy must not disappear silently", async (t) => {
  const folder = folderWith(t, {});
  symlinkSync("gone.ts", join(folder, "auth.ts"));
  t.same(await problems(t, folder), ["auth.ts: a link that leads nowhere"]);
});

t.test("a folder whose link, or the link of whose index, leads nowhere is a problem", async (t) => {
  const folder = folderWith(t, { "plugins/mounted/index.js": "" });
  const plugins = join(folder, "plugins");
  symlinkSync("../release/auth", join(plugins, "auth"));
  symlinkSync("..data/index.ts", join(plugins, "mounted/index.ts"));
  t.same(await problems(t, plugins), [
    "auth: a link that leads nowhere",
    "mounted/index.ts: a link that leads nowhere",
  ]);
  const error = await findPlugins(plugins).catch((error: PluginError) => error);
  t.match(error, { inputs: [join(folder, "release/auth"), join(plugins, "mounted/..data/index.ts")] });
});

t.test("what cannot be looked at is a problem, be it a module, a folder or an index", async (t) => {
  const folder = folderWith(t, { "index/readme.md": "" });
  for (const path of ["a.ts", "auth", "index/index.ts"]) symlinkSync(join(folder, path), join(folder, path));
  t.same(await problems(t, folder), [
    "a.ts: cannot be read: ELOOP",
    "auth: cannot be read: ELOOP",
    "index/index.ts: cannot be read: ELOOP",
  ]);
});

t.test("a module that is no file is a problem", async (t) => {
  const folder = folderWith(t, {});
  mkdirSync(join(folder, "a.ts"));
  symlinkSync("/dev/null", join(folder, "b.ts"));
  mkdirSync(join(folder, "c/index.ts"), { recursive: true });
  t.same(await problems(t, folder), [
    "a.ts: expected a regular file, found a folder",
    "b.ts: expected a regular file, found a device or a pipe",
    "c/index.ts: expected a regular file, found a folder",
  ]);
});

t.test("two plugins of one name are a problem that names both", async (t) => {
  const folder = folderWith(t, { "10-a.ts": "", "a/index.ts": "" });
  t.same(await problems(t, folder), [`a/index.ts: the plugin a is in ${join(folder, "10-a.ts")} already`]);
});

t.test("a file name that leaves no name is a problem", async (t) => {
  const folder = folderWith(t, { "10-.ts": "", 'a"b.ts': "", [`${"n".repeat(65)}.ts`]: "" });
  t.same(
    (await problems(t, folder)).map((text) => text.replace(/found ".*"$/, "")),
    ["10-.ts", 'a"b.ts', `${"n".repeat(65)}.ts`].map(
      (file) => `${file}: expected a name of 1 to 64 letters, digits, ".", "_" and "-", `,
    ),
  );
});

t.test("a folder that cannot be read is a problem, and so is one with hundreds of plugins", async (t) => {
  const many = Object.fromEntries(Array.from({ length: 501 }, (_, index) => [`p${index}.ts`, ""]));
  const folder = folderWith(t, many);
  t.same(await problems(t, folder), [": 501 plugins, expected at most 500"]);
  t.same(await problems(t, join(folder, "none")), [": cannot read the folder of plugins: ENOENT"]);
});

t.test("the folder of the built-in plugins holds none of the operator's", async (t) => {
  t.same(await findPlugins("plugins"), []);
});
