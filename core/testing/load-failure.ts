import { loadProblem } from "../data/load-problem.ts";
import type { PolicyBundle } from "../policy/bundle.ts";
import { PluginLoadError } from "../policy/load-error.ts";
import { formatPluginProblem, PluginError, type PluginProblem } from "../reload/problem.ts";

/** An error whose message shows where in a plugin the mistake is; any other error stays what it is. */
export function loadFailure(error: unknown, bundle: PolicyBundle | null): unknown {
  const problems = problemsOf(error, bundle);
  if (problems.length === 0) return error;
  const shown = problems.map((problem) => `${formatPluginProblem(problem)}\n${problem.frame}`.trimEnd());
  const failure = new Error(`Cannot load the plugins\n${shown.join("\n")}`);
  // The author's file is where the mistake is; the frames are all of the gateway.
  failure.stack = `${failure.name}: ${failure.message}`;
  return failure;
}

function problemsOf(error: unknown, bundle: PolicyBundle | null): readonly PluginProblem[] {
  if (error instanceof PluginError) return error.problems;
  const problem = error instanceof PluginLoadError ? loadProblem(error, bundle) : null;
  return problem === null ? [] : [problem];
}
