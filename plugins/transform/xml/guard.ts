import { XmlSyntaxError } from "./xml-error.ts";

/** Tags of a document, those that close too. */
const mostTags = 200_000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are none of XML (XML 1.0 section 2.2)
const noCharacter = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
const [lessThan, greaterThan, doubleQuote, singleQuote] = [0x3c, 0x3e, 0x22, 0x27];
const declaration = /^\ufeff?<\?xml\s[^?<>]*\?>/;

/**
 * Refuses what is no part of a document that is read, before a parser sees it: types of documents with their entities, which
 * may name files or grow without bounds (https://owasp.org/www-community/vulnerabilities/XML_External_Entity_(XXE)_Processing),
 * instructions, other encodings, and floods of tags. What stands in comments and CDATA is text, and one of them begins only
 * between tags: a `<` within a tag, which no value of an attribute may have either (XML 1.0 section 3.1), is refused.
 *
 * @returns the document without its declaration
 * @throws XmlSyntaxError
 */
export function guardedXml(text: string): string {
  if (noCharacter.test(text)) throw new XmlSyntaxError("a character is none of XML");
  const [declared = ""] = declaration.exec(text) ?? [];
  const encoding = /encoding\s*=\s*["']([^"']*)/.exec(declared)?.[1] ?? "utf-8";
  if (!/^(?:utf-?8|us-ascii)$/i.test(encoding)) throw new XmlSyntaxError("it is not UTF-8");
  let tags = 0;
  for (let at = text.indexOf("<", declared.length); at >= 0; at = text.indexOf("<", at + 1)) {
    if (++tags > mostTags) throw new XmlSyntaxError(`it has more than ${mostTags} tags`);
    const next = text[at + 1];
    if (next === "?") throw new XmlSyntaxError("it has an instruction");
    if (next !== "!") at = tagEnd(text, at);
    else if (text.startsWith("<!--", at)) at = endOf(text, "-->", at + 4);
    else if (text.startsWith("<![CDATA[", at)) at = endOf(text, "]]>", at + 9);
    else throw new XmlSyntaxError("it declares a type of its own");
  }
  return text.slice(declared.length);
}

function tagEnd(text: string, start: number): number {
  let quote = 0;
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === lessThan) break;
    if (quote !== 0) quote = code === quote ? 0 : quote;
    else if (code === doubleQuote || code === singleQuote) quote = code;
    else if (code === greaterThan) return at;
  }
  throw new XmlSyntaxError("a tag has no end, or a < in it");
}

function endOf(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  if (found < 0) throw new XmlSyntaxError(`there is no ${mark}`);
  return found + mark.length - 1;
}
