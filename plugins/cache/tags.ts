/** More than this of a response, and what is longer, is no tag: each costs memory for as long as the response is kept. */
const mostTags = 128;
const longestTag = 256;

/**
 * The tags that a response carries, each once, from fields like Cache-Tag and Surrogate-Key: separated by commas
 * or spaces.
 *
 * @param value of the field, null when it is not there
 *
 * @example
 * tagsOf("product-7, shop shop"); // ["product-7", "shop"]
 */
export function tagsOf(value: string | null): string[] {
  const tags = new Set<string>();
  for (const tag of value?.match(/[^\s,]+/g) ?? []) {
    if (tag.length <= longestTag) tags.add(tag);
    if (tags.size === mostTags) break;
  }
  return [...tags];
}
