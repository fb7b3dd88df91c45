import { isHolder } from "../json-path.ts";
import { type Json, JsonNumber } from "../json-value.ts";
import { escaped, isName } from "./characters.ts";
import { NotXmlError } from "./xml-error.ts";

export interface WriteOptions {
  /** What names of attributes begin with; null: there are none. */
  readonly attributes: string | null;
  /** Name of the element around all; null: the document has one member, which is it. */
  readonly root: string | null;
  readonly mostDepth: number;
}

const textName = "#text";

/**
 * A document of JSON as XML: what `readXml` makes of it is the same document again, as far as XML can tell it. Items of a list are
 * elements of the same name, those of a list in a list are called `item`.
 *
 * @throws NotXmlError
 * @example
 * writeXml(parseJson('{"a":{"@b":"1","c":["x",""]}}', 9), options); // <a b="1"><c>x</c><c/></a>
 */
export function writeXml(document: Json, options: WriteOptions): string {
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>';
  if (options.root !== null) return declaration + element(options.root, document, options, 1);
  const members = document instanceof Map ? [...document] : [];
  const [name, value] = members[0] ?? [];
  if (members.length !== 1 || Array.isArray(value))
    throw new NotXmlError("it has not one member that is its root");
  return declaration + element(name!, value!, options, 1);
}

function element(name: string, value: Json, options: WriteOptions, depth: number): string {
  if (!isName(name)) throw new NotXmlError("a member has a name that no element can have");
  if (depth > options.mostDepth) throw new NotXmlError(`it is deeper than ${options.mostDepth}`);
  let attributes = "";
  let content = "";
  if (value instanceof Map) {
    for (const [key, member] of value) {
      if (key === textName) content += escaped(plainText(member));
      else if (options.attributes !== null && key.startsWith(options.attributes)) {
        attributes += attribute(key.slice(options.attributes.length), member);
      } else content += elements(key, member, options, depth + 1);
    }
  } else if (Array.isArray(value)) content = elements("item", value, options, depth + 1);
  else content = escaped(plainText(value));
  return content === "" ? `<${name}${attributes}/>` : `<${name}${attributes}>${content}</${name}>`;
}

function elements(name: string, value: Json, options: WriteOptions, depth: number): string {
  if (!Array.isArray(value)) return element(name, value, options, depth);
  return value.map((item) => element(name, item, options, depth)).join("");
}

function attribute(name: string, value: Json): string {
  if (!isName(name)) throw new NotXmlError("a member has a name that no attribute can have");
  return ` ${name}="${escaped(plainText(value))}"`;
}

function plainText(value: Json): string {
  if (isHolder(value)) throw new NotXmlError("an attribute or a text is an object or a list");
  if (value === null) return "";
  return value instanceof JsonNumber ? value.text : String(value);
}
