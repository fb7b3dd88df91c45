import type { Log } from "../body.ts";
import type { Facts } from "../facts.ts";
import type { JsonEdit } from "../json-edits.ts";
import { JsonSyntaxError, parseJson, writeJson } from "../json-value.ts";
import { ExpressionError } from "../jsonata/expression-error.ts";
import type { Splice } from "../splice.ts";

/** How documents are edited that come one after the other. */
export interface RecordRules {
  readonly edits: readonly JsonEdit[];
  /** Does what `edits` do, for most documents; null: they need them read. */
  readonly splice: Splice | null;
  readonly facts: Facts;
  readonly mostDepth: number;
  /** Characters of one document. */
  readonly longest: number;
  /** Whether what cannot be edited goes on as it is; otherwise it is left out. */
  readonly lets: boolean;
}

/** What has no text in it has no member either: a blank line, a number, the `[DONE]` at the end of some streams. */
export function isPlain(text: string): boolean {
  return !text.includes('"');
}

/** @returns null: it cannot be edited, and is to be left out */
export async function editedRecord(text: string, rules: RecordRules, log: Log): Promise<string | null> {
  const spliced = rules.splice === null ? null : rules.splice(text, rules.facts, rules.mostDepth);
  if (spliced !== null) return spliced;
  try {
    let root = parseJson(text, rules.mostDepth);
    for (const edit of rules.edits) {
      const edited = edit(root, rules.facts);
      root = edited instanceof Promise ? await edited : edited;
    }
    return writeJson(root);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError) && !(error instanceof ExpressionError)) throw error;
    return overlooked(text, error instanceof ExpressionError ? error.message : "it is no JSON", rules, log);
  }
}

/** What becomes of a document that cannot be edited; the log says why, and nothing of it. */
export function overlooked(text: string, why: string, { lets }: RecordRules, log: Log): string | null {
  log.warn(`A part of a body was ${lets ? "not edited" : "left out"}: ${why}`);
  return lets ? text : null;
}
