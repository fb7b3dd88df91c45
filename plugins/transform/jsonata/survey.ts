import type { Matcher } from "../../shared/cel/matcher.ts";
import { matcherOf } from "./regex-engine.ts";

/** A node of the library's syntax tree, as far as it is looked at. */
export interface Node {
  readonly type: string;
  readonly value?: unknown;
  readonly position?: number;
  readonly lhs?: unknown;
  readonly rhs?: unknown;
  readonly group?: Node;
  readonly procedure?: Node;
  readonly arguments?: readonly Node[];
}

/** What is known of an expression before it runs. */
export interface Survey {
  readonly matchers: ReadonlyMap<string, Matcher>;
  readonly texts: ReadonlySet<string>;
  /** Names of `$source("NAME")`. */
  readonly sources: ReadonlySet<string>;
  /** Operands of `=` and `!=`, which are compared as deep as they are. */
  readonly compared: ReadonlySet<unknown>;
  readonly ranges: readonly Node[];
  /** What names the members of objects. */
  readonly keys: ReadonlySet<unknown>;
}

/** What is wrong with an expression, and at which of its characters. */
export class SurveyError extends Error {
  readonly position: number;
  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

/** @throws SurveyError for what expressions may not do */
export function surveyOf(root: object): Survey {
  const matchers = new Map<string, Matcher>();
  const texts = new Set<string>();
  const sources = new Set<string>();
  const compared = new Set<unknown>();
  const ranges: Node[] = [];
  const keys = new Set<unknown>();
  const named = new Set<unknown>();
  const seen = new Set<unknown>();
  visit(root);
  return { matchers, texts, sources, compared, ranges, keys };

  function visit(part: unknown): void {
    if (part instanceof RegExp || typeof part !== "object" || part === null || seen.has(part)) return;
    seen.add(part);
    if (Array.isArray(part)) for (const each of part) visit(each);
    else {
      look(part as Node);
      for (const each of Object.values(part)) visit(each);
    }
  }

  /** @param pairs of a name and a value, both nodes */
  function addKeys(pairs: unknown): void {
    if (Array.isArray(pairs)) for (const pair of pairs) keys.add((pair as unknown[])[0]);
  }

  function look(node: Node): void {
    const position = node.position ?? 0;
    for (const object of [node, node.group]) {
      if (object !== undefined && (object === node.group || node.value === "{")) addKeys(object.lhs);
    }
    if (node.type === "string") texts.add(String(node.value));
    else if (node.type === "regex") {
      try {
        matchers.set(String(node.value), matcherOf(node.value as RegExp));
      } catch (error) {
        throw new SurveyError((error as Error).message, position);
      }
    } else if (node.type === "binary" && (node.value === "=" || node.value === "!=")) {
      compared.add(node.lhs);
      compared.add(node.rhs);
    } else if (node.type === "binary" && node.value === "..") {
      ranges.push(node);
    } else if (node.type === "variable" && node.value === "eval") {
      throw new SurveyError("$eval would run what a document says", position);
    } else if (node.type === "function" && node.procedure?.value === "source") {
      const [name, ...others] = node.arguments ?? [];
      if (name?.type !== "string" || others.length > 0) {
        throw new SurveyError("$source takes one text that stands there", position);
      }
      named.add(node.procedure);
      sources.add(String(name.value));
    } else if (node.type === "variable" && node.value === "source" && !named.has(node)) {
      throw new SurveyError("$source can only be called", position);
    }
  }
}
