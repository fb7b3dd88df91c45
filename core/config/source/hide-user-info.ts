/**
 * A URL as it may be shown: user name and password, where someone put them, are starred out.
 *
 * @example
 * hideUserInfo("http://bob:secret@example.com"); // "http://***@example.com"
 */
export function hideUserInfo(text: string): string {
  return text.replace(/^([A-Za-z][A-Za-z0-9+.-]*:\/\/)[^/?#]*@/, "$1***@");
}
