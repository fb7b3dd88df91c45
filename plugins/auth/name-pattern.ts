import type { NameKind } from "./client-certificate/certificate-names.ts";

/**
 * What a rule says of a name. `*` stands for one label of a DNS name, for one segment of a URI, and anywhere else for
 * any text; everything else stands for itself.
 *
 * @example
 * namePattern("dns", "*.orders.internal").test("a.orders.internal"); // true
 * namePattern("uri", "spiffe://example/ns/*").test("spiffe://example/ns/a/b"); // false
 */
export function namePattern(kind: NameKind, text: string): RegExp {
  const wanted = kind === "dns" ? text.toLowerCase() : text;
  const anything = kind === "dns" ? "[^.]+" : kind === "uri" ? "[^/?#]+" : "[^]+";
  const parts = wanted.split("*").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
  return new RegExp(`^${parts.join(anything)}$`);
}
