import type { Escape } from "./escape.ts";
import { type Facts, type Reader, readerOf, requestFieldOf } from "./facts.ts";

/** A text with places for what an exchange knows. */
export interface Template {
  readonly parts: readonly (string | Slot)[];
  /** Fields of the request that it reads. */
  readonly requestFields: readonly string[];
}

interface Slot {
  readonly read: Reader;
  /** Null: without a value there is no text at all. */
  readonly otherwise: string | null;
  readonly isQuoted: boolean;
}

/**
 * Reads `text {source} text {source|otherwise}`; `{{` and `}}` are braces.
 *
 * @param where for the error
 * @throws Error for a brace that is open, and for a source that means nothing
 * @example
 * render(parseTemplate("user {identity.subject}", "set"), facts, escapeForField); // "user anna"
 */
export function parseTemplate(text: string, where: string): Template {
  const parts: (string | Slot)[] = [];
  const requestFields: string[] = [];
  let plain = "";
  let isQuoted = false;
  for (const [piece] of text.matchAll(/\{\{|\}\}|\{[^{}]*\}|[\s\S]/g)) {
    if (piece === "{" || piece === "}")
      throw new Error(`Cannot use ${where}: a brace in ${text} has no other`);
    if (piece.length < 2 || piece === "{{" || piece === "}}") {
      if (piece === '"') isQuoted = !isQuoted;
      plain += piece[0] === "{" || piece[0] === "}" ? piece[0] : piece;
      continue;
    }
    if (plain !== "") parts.push(plain);
    plain = "";
    const [name = "", ...others] = piece.slice(1, -1).split("|");
    const read = readerOf(name);
    if (read === null) throw new Error(`Cannot use ${where}: ${piece} is not known`);
    const field = requestFieldOf(name);
    if (field !== null) requestFields.push(field);
    parts.push({ read, otherwise: others.length === 0 ? null : others.join("|"), isQuoted });
  }
  if (plain !== "") parts.push(plain);
  return { parts, requestFields };
}

/** Null when a value is not there and nothing stands for it. */
export function render({ parts }: Template, facts: Facts, escaped: Escape): string | null {
  let text = "";
  for (const part of parts) {
    if (typeof part === "string") {
      text += part;
      continue;
    }
    const value = part.read(facts) ?? part.otherwise;
    if (value === null) return null;
    text += escaped(value, parts.length === 1, part.isQuoted);
  }
  return text;
}
