import { textsBetween } from "../shared/wildcards.ts";
import type { NameKind } from "./client-certificate/certificate-names.ts";

/** Whoever has a certificate made chooses what is tested: it takes a time that grows with the name. */
export interface NamePattern {
  test(name: string): boolean;
}

/**
 * What a rule says of a name. `*` stands for one label of a DNS name, for one segment of a URI, and anywhere else for
 * any text; everything else stands for itself.
 *
 * @example
 * namePattern("dns", "*.orders.internal").test("a.orders.internal"); // true
 * namePattern("uri", "spiffe://example/ns/*").test("spiffe://example/ns/a/b"); // false
 */
export function namePattern(kind: NameKind, text: string): NamePattern {
  const separator = separators[kind];
  const wanted = partsOf(kind === "dns" ? text.toLowerCase() : text, separator).map((part) =>
    part.split("*"),
  );
  return {
    test(name) {
      const parts = partsOf(name, separator);
      return (
        parts.length === wanted.length &&
        wanted.every((around, index) => textsBetween(around, parts[index]!) !== null)
      );
    },
  };
}

/** What a `*` does not stand for. */
const separators: Readonly<Partial<Record<NameKind, RegExp>>> = { dns: /(\.)/, uri: /([/?#])/ };

/** With the separators between them: they have to be the same ones. */
function partsOf(text: string, separator: RegExp | undefined): string[] {
  return separator === undefined ? [text] : text.split(separator);
}
