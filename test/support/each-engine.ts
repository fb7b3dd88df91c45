import t, { type Test } from "tap";
import type { EngineName } from "../../core/sandbox/engine.ts";

/** Those of this runtime: isolated-vm is an addon of Node. */
export const engines: readonly EngineName[] =
  "Deno" in globalThis ? ["inline", "quickjs"] : ["inline", "isolated-vm", "quickjs"];

/**
 * A test that has to hold wherever a plugin's code runs: one for each engine.
 *
 * @example
 * onEachEngine("nothing is sniffed", async (t, engine) => {
 *   await using gateway = await testGateway({ plugins: ["security-headers"], engine });
 *   t.equal((await gateway.fetch("/")).headers.get("x-content-type-options"), "nosniff");
 * });
 */
export function onEachEngine(title: string, check: (t: Test, engine: EngineName) => Promise<void>): void {
  for (const engine of engines) t.test(`${title}, on ${engine}`, (t) => check(t, engine));
}
