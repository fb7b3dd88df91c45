import type { ReloadProblem } from "../reload-problem.ts";

/** The plugins of a start cannot be used, and none were kept; the message names every problem, for a terminal. */
export class PluginStartError extends Error {
  override readonly name = "PluginStartError";

  constructor(problems: readonly ReloadProblem[]) {
    super(problems.map(({ problem, frame }) => (frame === "" ? problem : `${problem}\n${frame}`)).join("\n"));
  }
}
