import { printable } from "../observe/printable.ts";

/** One thing that is wrong with a plugin, where its author wrote it. */
export interface PluginProblem {
  /** As seen from where the proxy was told to look: `plugins/10-tenant.ts`. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 code units. */
  readonly column: number;
  readonly message: string;
  /** The lines around the place, for people; empty when there is no text to show. */
  readonly frame: string;
}

/** Plugins that cannot be used, with everything that is wrong with them. */
export class PluginError extends Error {
  override readonly name = "PluginError";
  readonly problems: readonly PluginProblem[];
  /** Absolute paths of the files that may put it right: what a watch has to see besides the plugin itself. */
  readonly inputs: readonly string[];

  constructor(problems: readonly PluginProblem[], inputs: readonly string[] = []) {
    super(problems.map(formatPluginProblem).join("\n"));
    this.problems = problems;
    this.inputs = inputs;
  }
}

/**
 * `file:line:column: message`, the form that editors and terminals turn into a link, with nothing that steers them.
 *
 * @example
 * formatPluginProblem({ file: "plugins/a.ts", line: 3, column: 5, message: "Unexpected }", frame: "" });
 * // "plugins/a.ts:3:5: Unexpected }"
 */
export function formatPluginProblem(problem: PluginProblem): string {
  // A plugin that fails to load names itself what it throws.
  return printable(`${problem.file}:${problem.line}:${problem.column}: ${problem.message}`);
}
