/** What a client wants of a mock. */
export interface Preference {
  readonly code: number | null;
  readonly example: string | null;
  /** Whether a body is to be made of the schema, even where there is an example. */
  readonly isDynamic: boolean;
}

export const noPreference: Preference = { code: null, example: null, isDynamic: false };

/**
 * Reads Prefer (RFC 7240 section 2); of a preference that comes twice the first one counts.
 *
 * @example
 * preferenceOf('code=404, example="not found"'); // { code: 404, example: "not found", isDynamic: false }
 */
export function preferenceOf(field: string | null): Preference {
  if (field === null) return noPreference;
  const found = new Map<string, string>();
  for (const [, name = "", quoted, plain = ""] of field.slice(0, 1000).matchAll(preference)) {
    const key = name.toLowerCase();
    if (!found.has(key)) found.set(key, quoted === undefined ? plain : quoted.replace(/\\(.)/g, "$1"));
  }
  const code = /^[2-5]\d\d$/.test(found.get("code") ?? "") ? Number(found.get("code")) : null;
  return { code, example: found.get("example") ?? null, isDynamic: found.get("dynamic") === "true" };
}

/** Begins where a name does: from within a name it would be looked at again, character by character. */
const preference =
  /(?<![A-Za-z0-9!#$%&'*+.^_`|~-])([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*))/g;
