import type { TestEngine } from "./types.ts";

const engines: readonly string[] = ["isolated-vm", "quickjs", "inline"];
const variable = "SLUICE_TEST_ENGINE";

/**
 * The engine of a test: what it says itself, or the environment says for all tests of a run.
 *
 * @returns null: the default of the runtime
 * @throws TypeError for an engine that does not exist
 */
export function chosenEngine(option: TestEngine | undefined): TestEngine | null {
  const name = option ?? process.env[variable];
  if (name === undefined || name === "") return null;
  if (engines.includes(name)) return name as TestEngine;
  throw new TypeError(`Cannot use the engine ${name}: expected one of ${engines.join(", ")}`);
}
