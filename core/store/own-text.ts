/** Longer ones are worth the text that they were cut from. */
const longest = 256 * 1024;

/** The same text in memory of its own: a slice keeps the whole of what it was cut from alive, and is counted as less. */
export function ownText(text: string): string {
  return text.length > longest ? text : (JSON.parse(JSON.stringify(text)) as string);
}
