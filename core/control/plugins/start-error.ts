import type { ReloadProblem } from "../reload-problem.ts";

/** The plugins of a start cannot be used, and none were kept; the message names every problem, for a terminal. */
export class PluginStartError extends Error {
  override readonly name = "PluginStartError";

  /** Absolute paths of what the plugins are made of, as far as it is known: a change there may put it right. */
  readonly inputs: readonly string[];

  constructor(problems: readonly ReloadProblem[], inputs: readonly string[]) {
    super(problems.map(({ problem, frame }) => (frame === "" ? problem : `${problem}\n${frame}`)).join("\n"));
    this.inputs = inputs;
  }
}
