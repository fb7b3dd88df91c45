import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
} from "yaml";
import type { Path } from "./value-path.ts";

/** Something wrong at an offset of the text. */
export interface TextFault {
  readonly offset: number;
  readonly message: string;
}

export interface YamlText {
  readonly document: Document.Parsed;
  readonly faults: readonly TextFault[];
  /** False when nothing can be said about the values. */
  readonly usable: boolean;
}

/** Reads a text as one YAML 1.2 document of plain values: keys are text, tags have no power. */
export function parseYaml(text: string, lineCounter: LineCounter): YamlText {
  const document = parseDocument(text, {
    lineCounter,
    prettyErrors: false,
    stringKeys: true,
    resolveKnownTags: false,
  });
  const found = [...document.errors, ...document.warnings];
  const faults = found.map(({ pos, code, message }) => ({ offset: pos[0], message: explain(code, message) }));
  return { document, faults, usable: found.every(({ code }) => code === "DUPLICATE_KEY") };
}

/** The node of a value; at the end of the path an alias stays one. */
export function nodeAt(document: Document.Parsed, path: Path): Node | null {
  let node: unknown = document.contents;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) node = pairAt(node, key)?.value;
    else if (isSeq(node)) node = node.items[Number(key)];
    else return null;
  }
  return (node ?? null) as Node | null;
}

/** The node of a key. */
export function keyNodeAt(document: Document.Parsed, path: Path): Node | null {
  const map = nodeAt(document, path.slice(0, -1));
  return isMap(map) ? ((pairAt(map, path.at(-1)!)?.key ?? null) as Node | null) : null;
}

function pairAt(map: YAMLMap, key: string | number) {
  return map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(key));
}

function explain(code: ErrorCode, message: string): string {
  if (code === "DUPLICATE_KEY") return "expected each key once, found it again";
  if (code === "MULTIPLE_DOCS") return "expected one document, found another one";
  return `expected YAML, found a syntax error: ${message.split("\n", 1)[0]}`;
}
