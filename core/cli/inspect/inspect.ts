import { loadProblem } from "../../data/load-problem.ts";
import { PluginLoadError } from "../../policy/load-error.ts";
import type { PluginProblem } from "../../reload/problem.ts";
import { findFinderMisuses, findMisuses } from "./find-misuses.ts";
import type { Inspection, InspectionOrder } from "./inspection.ts";
import { type Loaded, loadPlugin } from "./load-plugin.ts";

/** What is done to a plugin, which may end this process. */
export type Work = "loaded" | "set up";

/**
 * Loads every plugin in its own engine, asks what it is, compares that with the configuration, and runs its `setup` with
 * each config, nothing outside being asked.
 *
 * @param begin is told each plugin before its code runs
 */
export async function inspect(
  order: InspectionOrder,
  begin: (plugin: string, work: Work) => void,
): Promise<Inspection> {
  const loaded = new Map<string, Loaded>();
  const problems: PluginProblem[] = [];
  for (const code of order.bundle.plugins) {
    begin(code.name, "loaded");
    try {
      loaded.set(code.name, await loadPlugin(code, order));
    } catch (error) {
      if (!(error instanceof PluginLoadError)) throw error;
      problems.push(loadProblem(error, order.bundle)!);
    }
  }
  const beginSetup = (plugin: string) => begin(plugin, "set up");
  const misuses = await findMisuses(order, loaded, beginSetup);
  const finderMisuses = await findFinderMisuses(order, loaded, beginSetup);
  const all = [...loaded.values()];
  for (const { plugin } of all) plugin.dispose();
  return {
    plugins: all.map(({ facts }) => facts),
    problems: [...problems, ...all.flatMap(({ trial }) => trial.problems)],
    misuses,
    finderMisuses,
  };
}
