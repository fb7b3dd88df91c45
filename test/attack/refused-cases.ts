/** The wire cases that end in a refusal: each is an attack that must fail end to end as well. */
import type { ErrorCode } from "../../core/errors.ts";
import { loadCaseFiles, type WireCase } from "../wire/case-file.ts";
import type { Direction } from "../wire/replay.ts";

export interface RefusedCase extends WireCase {
  readonly code: ErrorCode;
  /** Start lines of the messages before the refused one, as the log of a case has them. */
  readonly earlier: readonly string[];
}

/** Refused cases of one direction, by the name of their file. */
export function refusedCases(direction: Direction): Map<string, RefusedCase[]> {
  const files = loadCaseFiles().map(({ name, cases }) => {
    const refused = cases.filter((wireCase) => wireCase.direction === direction).flatMap(refusedCase);
    return [name, refused] as const;
  });
  return new Map(files.filter(([, cases]) => cases.length > 0));
}

function refusedCase(wireCase: WireCase): RefusedCase[] {
  const refusal = wireCase.log.find((line) => line.startsWith("refused "));
  if (refusal === undefined) return [];
  const code = refusal.slice("refused ".length) as ErrorCode;
  return [{ ...wireCase, code, earlier: completeHeads(wireCase.log) }];
}

function completeHeads(log: readonly string[]): string[] {
  const heads: string[] = [];
  let head = "";
  for (const line of log) {
    if (line.startsWith("head ")) head = line.slice("head ".length);
    if (line === "end") heads.push(head);
  }
  return heads;
}
