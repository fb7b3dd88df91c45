import { execFileSync } from "node:child_process";
import t from "tap";
import { missing } from "../support/missing.ts";

const notLinux = process.platform !== "linux" && "only Linux tells its limits";
const notNode = process.versions["deno"] !== undefined && "the program is written for Node's -e";
const notHere = notLinux || notNode || missing("bash");

t.test("openFileLimit is what the shell set", { skip: notHere }, async (t) => {
  const module = new URL("../../core/net/file-limit.ts", import.meta.url).href;
  const program = `import(${JSON.stringify(module)}).then((m) => console.log(m.openFileLimit()))`;
  const said = execFileSync("bash", ["-c", 'ulimit -n 1234; "$0" -e "$1"', process.execPath, program]);
  t.equal(said.toString().trim(), "1234");
});
