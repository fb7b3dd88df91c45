import { styleText } from "node:util";
import type { ConfigProblem } from "../config/problem.ts";
import { exitCodes } from "./exit-codes.ts";

/**
 * Writes one line a problem, coloured on a terminal.
 *
 * @returns the exit code: 78, or 1 when all that is wrong is files that cannot be read
 */
export function reportProblems(problems: readonly ConfigProblem[], stream: NodeJS.WriteStream): number {
  for (const { file, line, column, message } of problems) {
    const position = styleText("bold", `${file}:${line}:${column}:`, { stream });
    stream.write(`${position} ${message}\n`);
  }
  const unreadable = problems.every(({ kind }) => kind === "unreadable");
  return unreadable ? exitCodes.failure : exitCodes.config;
}
