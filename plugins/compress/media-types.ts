/** Media types by which responses are chosen. */

export interface MediaTypes {
  has(contentType: string | null): boolean;
}

/** @param patterns `type/subtype`, `type/*` or `*+suffix`, in lower case */
export function mediaTypes(patterns: readonly string[]): MediaTypes {
  const exact = new Set<string>();
  const types = new Set<string>();
  const suffixes = new Set<string>();
  for (const pattern of patterns) {
    if (pattern.startsWith("*+")) suffixes.add(pattern.slice(2));
    else if (pattern.endsWith("/*")) types.add(pattern.slice(0, -2));
    else exact.add(pattern);
  }
  return {
    has(contentType) {
      if (contentType === null) return false;
      // RFC 9110 section 8.3.1: parameters follow a semicolon, and case is of no matter.
      const type = contentType.split(";", 1)[0]!.trim().toLowerCase();
      return exact.has(type) || types.has(type.split("/", 1)[0]!) || suffixes.has(suffixOf(type));
    },
  };
}

/** RFC 6838 section 4.2.8. */
function suffixOf(type: string): string {
  const plus = type.lastIndexOf("+");
  return plus < 0 ? "" : type.slice(plus + 1);
}
