/**
 * The entries of a list, or of a text with one on each line. In a text, what follows a `#` at the beginning of a line or behind a
 * space is a comment, and empty lines are nothing.
 *
 * @throws Error when there is none: an empty file is rather a mistake than a rule
 *
 * @example
 * entriesOf("10.0.0.0/8 # office\n\n::1\n"); // ["10.0.0.0/8", "::1"]
 */
export function entriesOf(list: string | readonly string[]): readonly string[] {
  if (typeof list !== "string") return list;
  const entries = [];
  for (const line of list.replace(/^\ufeff/, "").split("\n")) {
    const entry = line.replace(/(?:^|\s)#.*/, "").trim();
    if (entry !== "") entries.push(entry);
  }
  if (entries.length === 0) throw new Error("the list is empty");
  return entries;
}
