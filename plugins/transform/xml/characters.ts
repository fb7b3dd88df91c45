import { NotXmlError, XmlSyntaxError } from "./xml-error.ts";

const named: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/**
 * Puts the five references of XML, and those by number, into characters; no other exists without a type of the document.
 *
 * @throws XmlSyntaxError
 */
export function decoded(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:(\w{1,20});|#(\d{1,7});|#x([\da-fA-F]{1,6});)?/g,
    (all, name, decimal, hexadecimal) => {
      if (name !== undefined && Object.hasOwn(named, name)) return named[name]!;
      const digits: string | undefined = decimal ?? hexadecimal;
      if (digits === undefined) throw new XmlSyntaxError(`it has the reference ${all}`);
      const code = Number.parseInt(digits, decimal === undefined ? 16 : 10);
      if (!isCharacter(code)) throw new XmlSyntaxError(`${all} is no character`);
      return String.fromCodePoint(code);
    },
  );
}

/** XML 1.0 section 2.2. */
function isCharacter(code: number): boolean {
  if (code < 32) return code === 9 || code === 10 || code === 13;
  return code < 0xd800 || (code > 0xdfff && code < 0xfffe) || (code > 0xffff && code <= 0x10ffff);
}

/**
 * A text as it stands in an element or between the double quotes of an attribute.
 *
 * @throws NotXmlError for characters that XML cannot tell
 * @example
 * escaped('</a><b c="">'); // "&lt;/a&gt;&lt;b c=&quot;&quot;&gt;"
 */
export function escaped(text: string): string {
  for (const character of text) {
    if (!isCharacter(character.codePointAt(0)!))
      throw new NotXmlError("a text has a character that is none of XML");
  }
  return text.replace(/[<>&"\r\n\t]/g, (character) => references[character]!);
}

/** Blanks would be made even in an attribute (XML 1.0 section 3.3.3). */
const references: Readonly<Record<string, string>> = {
  "<": "&lt;",
  ">": "&gt;",
  "&": "&amp;",
  '"': "&quot;",
  "\r": "&#13;",
  "\n": "&#10;",
  "\t": "&#9;",
};

const nameStart =
  "A-Z_a-z\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2FF}\\u{370}-\\u{37D}\\u{37F}-\\u{1FFF}\\u{200C}\\u{200D}\\u{2070}-\\u{218F}\\u{2C00}-\\u{2FEF}\\u{3001}-\\u{D7FF}\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFFD}\\u{10000}-\\u{EFFFF}";
const part = `[${nameStart}][${nameStart}\\-.0-9\\u{B7}\\u{300}-\\u{36F}\\u{203F}\\u{2040}]*`;
const qualifiedName = new RegExp(`^${part}(?::${part})?$`, "u");

/** Whether an element or an attribute may be called so (Namespaces in XML 1.0 section 4). */
export function isName(text: string): boolean {
  return qualifiedName.test(text);
}
