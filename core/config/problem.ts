/** One thing that is wrong with a configuration, where it is written. */
export interface ConfigProblem {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 code units. */
  readonly column: number;
  /** What was expected and what was found. */
  readonly message: string;
  /** `unreadable`: the text is fine, but a file that it names cannot be read. */
  readonly kind: "invalid" | "unreadable";
}

/** A configuration that cannot be used, with everything that is wrong with it in the order of the file. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.problems = problems;
  }
}

/**
 * `file:line:column: message`, the form that editors and terminals turn into a link.
 *
 * @example
 * formatProblem({ file: "sluice.yaml", line: 3, column: 5, message: "expected a list", kind: "invalid" });
 * // "sluice.yaml:3:5: expected a list"
 */
export function formatProblem(problem: ConfigProblem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
}
