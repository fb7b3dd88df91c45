/**
 * Value of a cookie in the text of a Cookie field, without the quotes that may stand around it;
 * null when it has none. Of several with that name the first counts: browsers send the one with the longest
 * path first (RFC 6265 section 5.4).
 *
 * @param name case-sensitive (RFC 6265 section 4.2)
 * @example
 * readCookie("theme=dark; user=u1", "user"); // "u1"
 */
export function readCookie(field: string, name: string): string | null {
  for (let start = 0; start < field.length; ) {
    const semicolon = field.indexOf(";", start);
    const end = semicolon === -1 ? field.length : semicolon;
    while (isBlank(field, start)) start++;
    const equals = start + name.length;
    if (field.startsWith(name, start) && equals < end && field.charCodeAt(equals) === 0x3d) {
      return unquote(field.slice(equals + 1, end).trim());
    }
    start = end + 1;
  }
  return null;
}

function isBlank(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code === 0x20 || code === 0x09;
}

/** RFC 6265 section 4.1.1: cookie-value = *cookie-octet / ( DQUOTE *cookie-octet DQUOTE ) */
function unquote(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
