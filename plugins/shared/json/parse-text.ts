import { parse } from "yaml";
import type { Json } from "./json.ts";

/**
 * Reads a document in JSON or YAML.
 *
 * @throws Error with line and column
 */
export function parseText(text: string): Json {
  if (/^\s*[{[]/.test(text)) {
    try {
      return JSON.parse(text) as Json;
    } catch {
      // YAML in its flow style begins so, too.
    }
  }
  // Once more as JSON: aliases become values of their own, dates become texts.
  return JSON.parse(JSON.stringify(parse(text, { maxAliasCount: 1000 }))) as Json;
}
