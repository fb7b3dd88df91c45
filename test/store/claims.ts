/** A value that tells whether it is whole: its key, its length, and a mark that is repeated to that length. */
export function valueFor(key: string, length: number): string {
  const mark = length % 2 === 0 ? "\u2603" : "x";
  return `${key}|${length}|${mark.repeat(length)}`;
}

/** What is wrong with a value that a store returned; null: somebody wrote it. */
export function fault(key: string, value: string | null): string | null {
  if (value === null) return null;
  const length = Number(value.split("|")[1]);
  return value === valueFor(key, length) ? null : `Found under ${key}: ${value.slice(0, 80)}`;
}
