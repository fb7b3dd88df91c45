/**
 * A text, or a part of it, without what is blank around it. By hand: a regular expression takes quadratic time over blanks
 * inside (CWE-1333).
 *
 * @param isBlank tells it of the code of a character
 */
export function trimmed(
  text: string,
  isBlank: (code: number) => boolean,
  start = 0,
  end = text.length,
): string {
  let first = start;
  let last = end;
  while (first < last && isBlank(text.charCodeAt(first))) first++;
  while (first < last && isBlank(text.charCodeAt(last - 1))) last--;
  return text.slice(first, last);
}
