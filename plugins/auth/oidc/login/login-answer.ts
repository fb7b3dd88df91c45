/** What a provider sends a browser back with (RFC 6749, section 4.1.2; RFC 9207). */

export interface LoginAnswer {
  readonly state: string;
  readonly code: string | null;
  readonly error: string | null;
  readonly iss: string | null;
}

/** Null: no answer of a provider, or one that can be read in two ways. */
export function readLoginAnswer(query: string): LoginAnswer | null {
  const values = new URLSearchParams(query);
  const names = ["state", "code", "error", "iss"];
  if (names.some((name) => values.getAll(name).length > 1)) return null;
  const [state = null, code = null, error = null, iss = null] = names.map((name) => values.get(name));
  const isWhole = state !== null && /^[\w-]{43}$/.test(state) && (code === null) !== (error === null);
  return isWhole ? { state, code, error, iss } : null;
}
