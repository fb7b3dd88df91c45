import { type JsonPath, jsonPath } from "./json-path.ts";
import type { Json } from "./json-value.ts";
import { isName } from "./xml/characters.ts";
import { readXml } from "./xml/read.ts";
import { writeXml } from "./xml/write.ts";

/** What a body says that it is, as far as rules are for it. */
export type Form = "json" | "xml";

export interface ConversionConfig {
  readonly to: Form;
  readonly attributes: string;
  readonly namespaces: "keep" | "strip";
  readonly lists: readonly string[];
  readonly root?: string;
}

/** Makes a body of the other form. */
export interface Conversion {
  readonly to: Form;
  /** Content-Type of what it makes. */
  readonly type: string;
  /** @throws XmlSyntaxError */
  read(text: string): Json;
  /** @throws NotXmlError */
  write(document: Json): string;
}

/** @throws Error for a path or a name that is none */
export function conversionOf(config: ConversionConfig | undefined, mostDepth: number): Conversion | null {
  if (config === undefined) return null;
  const { to, namespaces, root = null } = config;
  if (root !== null && !isName(root)) throw new Error(`Cannot use convert: no element can be called ${root}`);
  const attributes = config.attributes === "" ? null : config.attributes;
  const lists: readonly JsonPath[] = config.lists.map((path) => jsonPath(path, "convert lists"));
  if (lists.some((path) => path.includes("**"))) throw new Error("Cannot use convert lists: it takes no **");
  const reading = { attributes, stripsNamespaces: namespaces === "strip", lists, mostDepth };
  return {
    to,
    type: `application/${to}`,
    read: (text) => readXml(text, reading),
    write: (document) => writeXml(document, { attributes, root, mostDepth }),
  };
}

/**
 * What a field says that the body is; of several that it names, JSON is the first that is looked for.
 *
 * @param type value of Content-Type
 */
export function formOf(type: string | null): Form | null {
  if (type !== last.type) last = { type, form: readForm(type) };
  return last.form;
}

/** Most bodies say the same of themselves as the one before. */
let last: { readonly type: string | null; readonly form: Form | null } = { type: null, form: null };

function readForm(type: string | null): Form | null {
  const types = (type ?? "").split(",");
  if (types.some((one) => /^\s*application\/(?:[^\s;/]+\+)?json\s*(?:;|$)/i.test(one))) return "json";
  const isXml = (one: string): boolean =>
    /^\s*(?:text\/xml|application\/(?:[^\s;/]+\+)?xml)\s*(?:;|$)/i.test(one);
  return types.some(isXml) ? "xml" : null;
}
