/** What a client accepts (RFC 9110 section 12.5.3). */

export type Coding = "br" | "deflate" | "gzip" | "zstd";

/** More members than a client has reason to list. */
const mostMembers = 64;

/**
 * The coding that a client likes best, among those on offer.
 *
 * @param field Accept-Encoding; null: the client did not say
 * @param offered the one that is to be taken first among equals
 * @returns null: none of them, or rather none than any
 * @example chooseCoding("gzip, br;q=0.5", ["br", "gzip"]); // "gzip"
 */
export function chooseCoding(field: string | null, offered: readonly Coding[]): Coding | null {
  // "If no Accept-Encoding header field is in the request, any content coding is considered acceptable": but who says nothing
  // most often knows none.
  if (field === null) return null;
  const weights = weightsOf(field);
  const others = weights.get("*") ?? 0;
  let best: Coding | null = null;
  // "identity" is acceptable unless it is excluded, and is no better than what is named, unless it is named as such.
  let most = weights.get("identity") ?? 0;
  for (const coding of offered) {
    const weight = weights.get(coding) ?? others;
    if (weight > most || (weight === most && weight > 0 && best === null)) {
      best = coding;
      most = weight;
    }
  }
  return best;
}

/** Weights by coding, from 0 to 1000; the first word on one counts. What does not read is passed over. */
function weightsOf(field: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const member of field.split(",", mostMembers)) {
    const [name = "", ...parameters] = member.split(";").map((part) => part.trim().toLowerCase());
    // Section 8.4.1.3: x-gzip is the same as gzip.
    const coding = name === "x-gzip" ? "gzip" : name;
    const weight = weightOf(parameters);
    if (coding !== "" && weight !== null && !weights.has(coding)) weights.set(coding, weight);
  }
  return weights;
}

/** Section 12.4.2; null: it is none. */
function weightOf(parameters: readonly string[]): number | null {
  if (parameters.length === 0) return 1000;
  const [, value] = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.exec(parameters[0]!) ?? [];
  return value === undefined || parameters.length > 1 ? null : Math.round(Number(value) * 1000);
}
