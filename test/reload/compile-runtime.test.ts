import { join } from "node:path";
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { bundleRuntime, compileRuntime } from "../../core/reload/compile-runtime.ts";
import { folderWith } from "./folder.ts";

t.teardown(stopBundler);

t.test("the runtime is one expression whose value is start, and no global comes of it", async (t) => {
  const folder = folderWith(t, {
    "main.ts": 'import { two } from "./two.ts"; export function start(): number { return two; }',
    "two.ts": "export class Two {} export const two: number = 2;",
  });
  const code = await bundleRuntime(join(folder, "main.ts"));
  const before = Object.getOwnPropertyNames(globalThis);
  const start = new Function(`return ${code}`)() as () => number;
  t.equal(start(), 2);
  t.same(Object.getOwnPropertyNames(globalThis), before);
});

t.test("the guest runtime compiles, once in the life of a process", async (t) => {
  const runtime = await compileRuntime();
  t.equal(runtime.name, "sluice:runtime");
  t.type(new Function(`return ${runtime.code}`)(), "function");
  t.equal(await compileRuntime(), runtime);
});
