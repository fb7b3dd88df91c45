import type { Due } from "./body.ts";
import { type Json, parseJson, writeJson } from "./json-value.ts";

/**
 * Does to the text of a body what rules say.
 *
 * @returns a promise only where an expression takes its time
 * @throws JsonSyntaxError, XmlSyntaxError, NotXmlError, ExpressionError, or rejects with them
 */
export function editedText(text: string, due: readonly Due[], mostDepth: number): string | Promise<string> {
  return splicedText(text, due, mostDepth) ?? finished(editing(text, due, mostDepth));
}

/** Null: the document has to be read. */
function splicedText(text: string, due: readonly Due[], mostDepth: number): string | null {
  let spliced: string | null = text;
  for (const { rule, facts } of due) {
    if (rule.splice === null) return null;
    spliced = rule.splice(spliced, facts, mostDepth);
    if (spliced === null) return null;
  }
  return spliced;
}

/** Yields what it waits for. */
function* editing(
  text: string,
  due: readonly Due[],
  mostDepth: number,
): Generator<Promise<Json>, string, Json> {
  let document: Json | undefined;
  let written = text;
  for (const { rule, facts, form } of due) {
    const { json, convert } = rule;
    if (document === undefined)
      document = form === "json" ? parseJson(written, mostDepth) : convert!.read(written);
    for (const edit of json) {
      const edited = edit(document, facts);
      document = edited instanceof Promise ? yield edited : edited;
    }
    if (convert?.to !== "xml") continue;
    written = convert.write(document);
    document = undefined;
  }
  return document === undefined ? written : writeJson(document);
}

/** Goes on at once for as long as there is nothing to wait for: a promise would cost more than most edits. */
function finished<Step, Result>(work: Generator<Promise<Step>, Result, Step>): Result | Promise<Result> {
  const first = work.next();
  return first.done === true ? first.value : rest(first, work);
}

async function rest<Step, Result>(
  first: IteratorYieldResult<Promise<Step>>,
  work: Generator<Promise<Step>, Result, Step>,
): Promise<Result> {
  let step: IteratorResult<Promise<Step>, Result> = first;
  while (step.done !== true) step = work.next(await step.value);
  return step.value;
}
