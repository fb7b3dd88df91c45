import { ConfigError, formatProblem } from "../config/problem.ts";
import { PlaneError } from "../data/calls.ts";
import { printable } from "../observe/printable.ts";
import { formatPluginProblem, PluginError, type PluginProblem } from "../reload/problem.ts";

/** Why a config or a plugin cannot be used, for people: `file:line:column: message`, where there is a place. */
export interface ReloadProblem {
  readonly problem: string;
  /** The lines around the place; empty when there are none to show. */
  readonly frame: string;
}

/** One for each thing that is wrong; at least one. */
export function problemsOf(error: unknown): ReloadProblem[] {
  if (error instanceof ConfigError) {
    return error.problems.map((problem) => ({ problem: formatProblem(problem), frame: "" }));
  }
  const problems = error instanceof PluginError || error instanceof PlaneError ? error.problems : [];
  if (problems.length > 0) return problems.map(fromPlugin);
  return [{ problem: printable(error instanceof Error ? error.message : String(error)), frame: "" }];
}

export function fromPlugin(problem: PluginProblem): ReloadProblem {
  return { problem: formatPluginProblem(problem), frame: problem.frame };
}

/** Fields of a log line; a frame only where there is one. */
export function logFields({ problem, frame }: ReloadProblem): object {
  return frame === "" ? { problem } : { problem, frame };
}

/** Whether other plugins, or none, might help. */
export function isAboutPlugins(error: unknown): boolean {
  return error instanceof PluginError || (error instanceof PlaneError && error.plugin !== null);
}
