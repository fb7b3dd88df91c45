/**
 * Whether nothing in a Content-Type says that a text is in another charset than UTF-8. Whatever looks like one counts,
 * also a second one, and one in quotes: of two, readers take either.
 *
 * @example
 * isUtf8("application/json; charset=utf-8; charset=utf-7"); // false
 */
export function isUtf8(contentType: string): boolean {
  if (!contentType.includes(";")) return true;
  const named = contentType.matchAll(/;\s*charset\b[^=;]*=\s*"?([^";\s]*)/gi);
  return [...named].every(([, charset]) => /^(?:utf-?8|us-ascii)$/i.test(charset!));
}
