/**
 * What stands for the wildcards of a pattern, each of which is one character or more; the first one has as much as it can, then the next
 * one, as of a greedy expression. It is found from the end and without going back, so in a time that grows with the text.
 *
 * @param around the texts before, between and behind the wildcards
 * @returns null: the text does not fit
 * @example
 * textsBetween(["from ", " to ", ""], "from a to b"); // ["a", "b"]
 */
export function textsBetween(around: readonly string[], text: string): string[] | null {
  const [first, last] = [around[0]!, around.at(-1)!];
  if (around.length === 1) return text === first ? [] : null;
  if (!text.startsWith(first) || !text.endsWith(last)) return null;
  const found: string[] = [];
  let end = text.length - last.length;
  for (let index = around.length - 2; index > 0; index--) {
    const literal = around[index]!;
    const latest = end - 1 - literal.length;
    const at = latest < 0 ? -1 : text.lastIndexOf(literal, latest);
    if (at < 0) return null;
    found.push(text.slice(at + literal.length, end));
    end = at;
  }
  return end <= first.length ? null : [text.slice(first.length, end), ...found.reverse()];
}
