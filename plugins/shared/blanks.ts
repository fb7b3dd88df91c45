/**
 * Without optional white space around it (OWS, RFC 9110 section 5.6.3), which is narrower than what `trim` removes.
 *
 * @example
 * withoutBlanks(" a, b\t"); // "a, b"
 */
export function withoutBlanks(text: string): string {
  // By hand: a pattern that looks for white space before the end goes over a long run of it again and again (CWE-1333).
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
