/** One tag, or what clients and servers send for one: unquoted text is compared as it stands. */
const tag = /(?:W\/)?"[^"]*"|[^\s,]+/g;

/**
 * The tags of If-None-Match. They are not quoted strings: a backslash escapes nothing in them
 * (RFC 9110 section 8.8.3), so that the list cannot be split as others are.
 *
 * @example
 * entityTags('"a, b", W/"c"'); // ['"a, b"', 'W/"c"']
 */
export function entityTags(value: string): string[] {
  return value.match(tag) ?? [];
}

/** Whether a tag promises the same bytes, and not only the same meaning. */
export function isStrong(tag: string): boolean {
  return tag.startsWith('"') && tag.length > 1 && tag.endsWith('"');
}

/** Weak comparison (RFC 9110 section 8.8.3.2): for If-None-Match. */
export function matchesWeakly(one: string, other: string): boolean {
  return opaque(one) === opaque(other);
}

/** Strong comparison (RFC 9110 section 8.8.3.2): for If-Range, and for what a 304 freshens. */
export function matchesStrongly(one: string, other: string): boolean {
  return one === other && isStrong(one);
}

function opaque(tag: string): string {
  return tag.startsWith("W/") ? tag.slice(2) : tag;
}
