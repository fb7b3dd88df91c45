/** Two texts in one, for host calls: the length of the first comes before it. Without a first there is no length. */

export function joinTexts(first: string | undefined, second: string): string {
  return first === undefined ? `:${second}` : `${first.length}:${first}${second}`;
}

/**
 * What `joinTexts` was given.
 *
 * @returns null for a text that it did not make
 */
export function splitTexts(text: string): readonly [first: string | undefined, second: string] | null {
  const colon = text.indexOf(":");
  if (colon < 0) return null;
  if (colon === 0) return [undefined, text.slice(1)];
  const digits = text.slice(0, colon);
  if (!/^[0-9]{1,9}$/.test(digits)) return null;
  const end = colon + 1 + Number(digits);
  return end > text.length ? null : [text.slice(colon + 1, end), text.slice(end)];
}
