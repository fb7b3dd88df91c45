/**
 * Whether a value is the one that a condition names: `*` is any, and an empty text that there is none.
 *
 * @example
 * isWanted("*", null); // false
 */
export function isWanted(wanted: string, value: string | null): boolean {
  if (wanted === "") return value === null;
  return wanted === "*" ? value !== null : value === wanted;
}
