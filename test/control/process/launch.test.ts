import { once } from "node:events";
import t, { type Test } from "tap";
import { configFromFlags } from "../../../core/config/from-flags.ts";
import { launch } from "../../../core/control/process/launch.node.ts";

const skip = "Deno" in globalThis && "Node's flags";

/** The flags that a data process gets, on their way to it. */
async function flagsOf(
  t: Test,
  hasPlugins: boolean,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string[]> {
  const config = configFromFlags({});
  const { child } = launch({ config, args: ["1"], env, hasPlugins, descriptor: null });
  const ended = once(child, "exit");
  const [firstBeat] = await Promise.race([once(child, "message"), ended.then(() => [null])]);
  child.disconnect();
  const [code] = await ended;
  t.not(firstBeat, null, "it boots");
  t.equal(code, 0, "and ends when nobody holds on to it");
  return child.spawnargs.filter((argument) => argument.startsWith("--"));
}

t.test(
  "a data process with plugins gets the flags of its engine, and collects young objects by itself in less room",
  { skip },
  async (t) => {
    const flags = await flagsOf(t, true);
    t.ok(flags.includes("--no-node-snapshot"));
    t.ok(flags.includes("--max-semi-space-size=8"));
    t.ok(flags.includes("--no-parallel-scavenge"));
  },
);

t.test("a data process without plugins runs as this process does", { skip }, async (t) => {
  t.notOk((await flagsOf(t, false)).some((flag) => /snapshot|semi|scavenge/.test(flag)));
});

t.test("room for young objects that the operator chose stays", { skip }, async (t) => {
  const flags = await flagsOf(t, true, { ...process.env, NODE_OPTIONS: "--max-semi-space-size=32" });
  t.ok(flags.includes("--no-node-snapshot"));
  t.notOk(flags.some((flag) => flag.startsWith("--max-semi-space-size")));
  t.ok(flags.includes("--no-parallel-scavenge"), "and so does the rest");
});
