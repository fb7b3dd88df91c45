/** How long the body of a request may be. */

export interface Rule {
  readonly methods?: readonly string[] | undefined;
  readonly contentTypes?: readonly string[] | undefined;
  /** Bytes. */
  readonly maxSize: number;
}

export interface Subject {
  readonly method: string;
  readonly headers: { get(name: string): string | null };
}

/**
 * @param usual for what no rule is about, in bytes
 * @example limitFor(request, [{ contentTypes: ["image/*"], maxSize: 5e6 }], 1e6);
 */
export function limitFor({ method, headers }: Subject, rules: readonly Rule[], usual: number): number {
  if (rules.length === 0) return usual;
  const type = mediaType(headers.get("content-type"));
  const rule = rules.find(
    ({ methods, contentTypes }) =>
      (methods === undefined || methods.includes(method)) &&
      (contentTypes === undefined || contentTypes.some((pattern) => fits(type, pattern))),
  );
  return rule?.maxSize ?? usual;
}

function fits(type: string, pattern: string): boolean {
  return pattern.endsWith("/*") ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}

/** RFC 9110 section 8.3.1: parameters follow a semicolon, and case is of no matter. */
function mediaType(contentType: string | null): string {
  return (contentType ?? "").split(";", 1)[0]!.trim().toLowerCase();
}
