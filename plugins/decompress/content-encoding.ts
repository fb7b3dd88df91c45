/** Which codings a message has (RFC 9110 section 8.4). */

export type Coding = "br" | "deflate" | "gzip" | "zstd";

/** `decode`: in the order in which they were put on. `plain`: it has none. `unknown`: one of them is not taken off here. */
export type Encoded =
  | { readonly kind: "plain" }
  | { readonly kind: "decode"; readonly codings: readonly Coding[] }
  | { readonly kind: "unknown" };

const plain: Encoded = { kind: "plain" };
const unknown: Encoded = { kind: "unknown" };

/**
 * @param field Content-Encoding; null: there is none
 * @param known those that are taken off
 * @param most how many one over the other
 * @example readEncoding("gzip, br", ["gzip", "br"], 3); // { kind: "decode", codings: ["gzip", "br"] }
 */
export function readEncoding(field: string | null, known: readonly string[], most: number): Encoded {
  if (field === null) return plain;
  const codings: Coding[] = [];
  for (const member of field.split(",")) {
    const name = member.trim().toLowerCase();
    // "identity" says nothing, and is to be found all the same (section 8.4.1).
    if (name === "" || name === "identity") continue;
    // Section 8.4.1.3.
    const coding = name === "x-gzip" ? "gzip" : name;
    if (!known.includes(coding) || codings.length === most) return unknown;
    codings.push(coding as Coding);
  }
  return codings.length === 0 ? plain : { kind: "decode", codings };
}
