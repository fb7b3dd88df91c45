import { XMLParser } from "fast-xml-parser";
import type { Json } from "../json-value.ts";
import { decoded } from "./characters.ts";
import { guardedXml } from "./guard.ts";
import { XmlSyntaxError } from "./xml-error.ts";

export interface ReadOptions {
  /** What names of attributes begin with; null: attributes are left out. */
  readonly attributes: string | null;
  /** Whether `soap:Body` is `Body`, and declarations of namespaces are left out. */
  readonly stripsNamespaces: boolean;
  /** Elements that are lists even when there is one: names from the root on, `*` for any. */
  readonly lists: readonly (readonly string[])[];
  readonly mostDepth: number;
}

/** Of one element: more are an attack on the tables that they are kept in. */
const mostAttributes = 256;
const textName = "#text";
const rawName = "#cdata";
const attributesName = ":@";

/** A node of the library, in the order of the document: one member is its name with what is in it, the other its attributes. */
type Node = Readonly<Record<string, unknown>>;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  textNodeName: textName,
  cdataPropName: rawName,
  processEntities: false,
  parseTagValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  // Held to `mostDepth` while it is converted; this bounds what the library makes before.
  maxNestedTags: 100,
  onDangerousProperty: (name: string) => name,
});

/**
 * A document of XML as JSON: an element with nothing but text is that text, another one an object of its attributes, its elements
 * and, as `#text`, its text; elements of the same name are a list.
 *
 * @throws XmlSyntaxError
 * @example
 * writeJson(readXml('<a b="1"><c>x</c><c/></a>', options)); // {"a":{"@b":"1","c":["x",""]}}
 */
export function readXml(text: string, options: ReadOptions): Json {
  const nodes = parsed(guardedXml(text));
  const elements = nodes.filter((node) => !isText(node));
  if (elements.length !== 1 || nodes.some((node) => isText(node) && textOf(node).trim() !== "")) {
    throw new XmlSyntaxError("it has not one root");
  }
  const [name, content] = entryOf(elements[0]!);
  const path = [localName(name, options)];
  return new Map([[path[0]!, listed(elementOf(content, elements[0]!, path, options), path, options)]]);
}

/** What stands beside the root is overlooked by the library: so the document is put into another one. */
function parsed(text: string): readonly Node[] {
  try {
    const [around] = parser.parse(`<d>${text}</d>`, true) as Node[];
    return entryOf(around!)[1];
  } catch (error) {
    throw new XmlSyntaxError((error as Error).message);
  }
}

function elementOf(
  children: readonly Node[],
  node: Node,
  path: readonly string[],
  options: ReadOptions,
): Json {
  if (path.length > options.mostDepth) throw new XmlSyntaxError(`it is deeper than ${options.mostDepth}`);
  const members = attributesOf(node, options);
  let text = "";
  let hasElements = false;
  const seen = new Set<string>();
  for (const child of children) {
    if (isText(child)) {
      text += textOf(child);
      continue;
    }
    hasElements = true;
    const [name, content] = entryOf(child);
    const below = [...path, localName(name, options)];
    const key = below.at(-1)!;
    const value = elementOf(content, child, below, options);
    const before = members.get(key);
    if (!seen.has(key)) members.set(key, listed(value, below, options));
    else if (Array.isArray(before)) before.push(value);
    else members.set(key, [before!, value]);
    seen.add(key);
  }
  if (hasElements && text.trim() === "") text = "";
  if (members.size === 0) return text;
  if (text !== "") members.set(textName, text);
  return members;
}

function attributesOf(node: Node, { attributes: prefix, stripsNamespaces }: ReadOptions): Map<string, Json> {
  const members = new Map<string, Json>();
  const attributes = Object.entries((node[attributesName] ?? {}) as Record<string, string>);
  if (attributes.length > mostAttributes)
    throw new XmlSyntaxError(`an element has more than ${mostAttributes} attributes`);
  if (prefix === null) return members;
  for (const [marked, value] of attributes) {
    const name = marked.slice(1);
    if (value.includes("<")) throw new XmlSyntaxError(`the value of ${name} has a <`);
    if (stripsNamespaces && /^xmlns(?::|$)/.test(name)) continue;
    // Written as it is, a blank is one of several, and all of them are the same (XML 1.0 section 3.3.3).
    members.set(
      prefix + (stripsNamespaces ? withoutPrefix(name) : name),
      decoded(value.replace(/[\t\r\n]/g, " ")),
    );
  }
  return members;
}

function listed(value: Json, path: readonly string[], { lists }: ReadOptions): Json {
  const isList = lists.some(
    (wanted) =>
      wanted.length === path.length && wanted.every((name, index) => name === "*" || name === path[index]),
  );
  return isList ? [value] : value;
}

function localName(name: string, { stripsNamespaces }: ReadOptions): string {
  return stripsNamespaces ? withoutPrefix(name) : name;
}

function withoutPrefix(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function isText(node: Node): boolean {
  return textName in node || rawName in node;
}

function textOf(node: Node): string {
  if (textName in node) return decoded(node[textName] as string);
  return (node[rawName] as Node[]).map((part) => part[textName]).join("");
}

function entryOf(node: Node): [name: string, content: readonly Node[]] {
  const [name, content] = Object.entries(node).find(([key]) => key !== attributesName)!;
  return [name, content as readonly Node[]];
}
