import t from "tap";
import { builtInNames } from "../../core/config/built-in-plugins.ts";
import { addBuiltIns, compileBuiltIn } from "../../core/reload/built-in-bundle.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import { createBundleBuilder } from "../../core/reload/bundle-builder.ts";
import { folderWith } from "./folder.ts";

t.teardown(stopBundler);

t.test("a built-in plugin is compiled once in the life of the process", async (t) => {
  const first = compileBuiltIn("security-headers");
  t.equal(compileBuiltIn("security-headers"), first);
  const code = await first;
  t.match(code, {
    name: "security-headers",
    file: "sluice/plugins/security-headers/index.ts",
    builtIn: true,
    script: { name: "sluice:plugin/security-headers" },
  });
  t.ok(JSON.parse(code.map).sourcesContent.length > 0, "its stack traces show its own lines");
});

t.test("those that are named stand behind the plugins of the folder, and no others", async (t) => {
  const { bundle } = await createBundleBuilder().build(folderWith(t, { "a.ts": "export default {};" }));
  const both = await addBuiltIns(bundle, ["security-headers"]);
  t.same(
    both.plugins.map(({ name, builtIn = false }) => [name, builtIn]),
    [
      ["a", false],
      ["security-headers", true],
    ],
  );
  t.equal(both.plugins[1], await compileBuiltIn("security-headers"), "not compiled anew");
  t.equal((await addBuiltIns(null, ["security-headers"])).plugins.length, 1);
});

t.test("every built-in plugin compiles", async (t) => {
  const names = builtInNames();
  t.ok(names.includes("security-headers"));
  const { plugins } = await addBuiltIns(null, names);
  t.same(
    plugins.map(({ name }) => name),
    names,
  );
});

t.test("one that does not exist is an error of its own", async (t) => {
  await t.rejects(compileBuiltIn("nobody"), { message: /cannot be read: ENOENT/ });
});
