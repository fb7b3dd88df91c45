import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { compilePlugin } from "../../core/reload/compile.ts";
import { findPlugins } from "../../core/reload/plugin-files.ts";
import { folderWith } from "./folder.ts";

t.test("an esbuild that cannot be started is told as such, and not as short memory", async (t) => {
  const folder = folderWith(t, { "plugins/p.ts": "export default 1" });
  const program = join(folder, "esbuild");
  writeFileSync(program, "", { mode: 0o600 });
  // esbuild reads it once, when it is imported: with the first bundle of this process.
  process.env["ESBUILD_BINARY_PATH"] = program;
  // On Deno, esbuild fails before it hears why.
  const message =
    "Deno" in globalThis ? /^cannot start esbuild: / : /^cannot start esbuild: spawn .* EACCES$/;
  const [file] = await findPlugins(join(folder, "plugins"));
  for (let round = 0; round < 2; round++) {
    const error: unknown = await compilePlugin(file!).catch((error: unknown) => error);
    t.match(error, { problems: [{ message, file: file!.path }] });
  }
});
