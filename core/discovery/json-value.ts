/** What is where in a JSON value that somebody else wrote: anything may be missing, or something else. */
export type JsonMap = Readonly<Record<string, unknown>>;

/** The value as a map; of anything else an empty one. */
export function asMap(value: unknown): JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonMap) : {};
}

/** The value as a list; of anything else an empty one. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value when it is a text with something in it, or else null. */
export function asText(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
