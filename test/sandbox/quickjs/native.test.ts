import { spawn } from "node:child_process";
import t from "tap";

/**
 * What runs past its time limit because QuickJS does not ask about it in there: loops over the
 * indexes of a huge array-like in native code, and searches in long texts. Only the end of the process ends
 * these.
 */
const deaf = {
  "a native loop over the indexes of an array-like":
    "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);",
  "a search for a long text in a long text": "'a'.repeat(4e6).indexOf('a'.repeat(2e6) + 'b');",
};

const program = (body: string) => `
  import { createQuickJsEngine } from "./core/sandbox/quickjs/engine.ts";
  import { tinyOptions } from "./test/sandbox/quickjs/tiny-runtime.ts";
  const guest = await createQuickJsEngine().create(tinyOptions(${JSON.stringify(`() => () => { ${body} }`)}));
  console.log("begun");
  try { guest.dispatch(""); } catch {}
  console.log("ended");`;

for (const [name, body] of Object.entries(deaf)) {
  t.test(`it takes the end of the process to end ${name}`, async (t) => {
    const runtime = "Deno" in globalThis ? ["eval", "--ext=ts"] : ["--input-type=module", "--eval"];
    const child = spawn(process.execPath, [...runtime, program(body)], {
      cwd: new URL("../../..", import.meta.url),
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    const closed = new Promise((resolve) => child.on("close", resolve));
    await new Promise<void>((resolve) => {
      child.on("close", () => resolve());
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (output.startsWith("begun")) setTimeout(resolve, 1000);
      });
    });
    t.equal(output, "begun\n", "a second later it still runs, with a limit of 50 ms");
    child.kill("SIGKILL");
    await closed;
  });
}
