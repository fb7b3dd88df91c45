import { escapeNothing } from "./escape.ts";
import type { Facts } from "./facts.ts";
import type { EditSettings, JsonEditConfig } from "./json-edits.ts";
import { parseJson, writeJson } from "./json-value.ts";
import { masked } from "./mask.ts";
import { parseTemplate, render } from "./template.ts";

/** What an edit does to the text of a member or an item. */
export type TextAct =
  | { readonly op: "remove" }
  /** @property to JSON of the new name */
  | { readonly op: "rename"; readonly to: string }
  | {
      readonly op: "put";
      /** Whether it also puts a value where there is none. */
      readonly adds: boolean;
      /** Whether what is in a value counts, and what other edits made of it. */
      readonly looksInside: boolean;
      /** Null: the member goes. @param found JSON of what is there; empty: nothing is */
      readonly value: (found: string, facts: Facts) => string | null;
    };

/** Null: the edit needs the document. */
export function textActOf(
  { op, to, value, style, pattern }: JsonEditConfig,
  { key, depth }: EditSettings,
): TextAct | null {
  switch (op) {
    case "remove":
      return { op };
    case "rename":
      return { op, to: JSON.stringify(to) };
    case "set":
      return { op: "put", adds: true, looksInside: false, value: valueToSet(value) };
    case "mask":
      if (pattern !== undefined) return null;
      return {
        op: "put",
        adds: false,
        looksInside: style === "hash",
        value: (found) => writeJson(masked(parseJson(found, depth), style, key)),
      };
    default:
      return null;
  }
}

function valueToSet(value: unknown): (found: string, facts: Facts) => string | null {
  if (typeof value !== "string") {
    const json = JSON.stringify(value);
    return () => json;
  }
  const template = parseTemplate(value, "json set");
  return (_found, facts) => {
    const text = render(template, facts, escapeNothing);
    return text === null ? null : JSON.stringify(text);
  };
}
