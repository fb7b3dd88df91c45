import { chmod, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import t from "tap";
import { type LastGood, loadLastGood, saveLastGood } from "../../../core/control/plugins/last-good.ts";
import { StateError } from "../../../core/control/private-file.ts";

const state: LastGood = {
  plugins: [
    {
      name: "a",
      file: "plugins/a.ts",
      script: { name: "sluice:plugin/a", code: "(function () { return {}; })" },
      map: "{}",
      folder: "plugins",
      hash: "hash",
    },
  ],
  policies: { routes: { all: null }, settings: {} },
  savedAt: 1,
};

t.test("what was kept is given back, for the same folder of plugins", async (t) => {
  const folder = join(t.testdir(), "deep", "state");
  t.equal(await loadLastGood(folder, "plugins"), null, "nothing was kept yet");
  await saveLastGood(folder, "plugins", state);
  t.same(await loadLastGood(folder, resolve("plugins")), state);
  await t.rejects(loadLastGood(folder, "others"), { name: "StateError", message: /expected the plugins of/ });
});

t.test(
  "the file is for its owner alone, also where a looser one lies, and nothing else is left",
  async (t) => {
    const folder = t.testdir({ "last-good-plugins.json": "old" });
    await chmod(join(folder, "last-good-plugins.json"), 0o666);
    await saveLastGood(folder, "plugins", state);
    t.same(await readdir(folder), ["last-good-plugins.json"]);
    t.equal((await stat(join(folder, "last-good-plugins.json"))).mode & 0o777, 0o600);
  },
);

t.test("every byte that is changed is noticed", async (t) => {
  const folder = t.testdir();
  const file = join(folder, "last-good-plugins.json");
  await saveLastGood(folder, "plugins", state);
  const text = await readFile(file, "utf8");
  const content = text.indexOf('"content"');
  for (let at = content + 12; at < text.length - 2; at += 7) {
    const other = text[at] === "x" ? "y" : "x";
    await writeFile(file, text.slice(0, at) + other + text.slice(at + 1));
    await t.rejects(loadLastGood(folder, "plugins"), StateError);
  }
  for (const junk of ["", "null", "[]", "7", '"text"', '{"format":"sluice-plugins-1"}']) {
    await writeFile(file, junk);
    await t.rejects(loadLastGood(folder, "plugins"), StateError, junk);
  }
});

t.test("a folder that cannot be written leaves no half file", async (t) => {
  const folder = t.testdir({ "last-good-plugins.json": {} });
  await t.rejects(saveLastGood(folder, "plugins", state));
  t.same(await readdir(folder), ["last-good-plugins.json"]);
  await t.rejects(loadLastGood(folder, "plugins"));
  const looping = t.testdir({});
  await symlink("last-good-plugins.json", join(looping, "last-good-plugins.json"));
  await t.rejects(loadLastGood(looping, "plugins"), { message: "cannot be read: ELOOP" });
});
