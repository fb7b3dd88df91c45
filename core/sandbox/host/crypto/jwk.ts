/**
 * What a JSON Web Key must be before the platform sees it, and what of it a guest sees. One runtime takes keys of another
 * curve and of another algorithm, the other takes any base64; and they name the algorithm of different keys.
 */

import { HostCallError } from "../error.ts";
import type { KeyAlgorithm } from "./key.ts";
import type { JsonWebKey } from "./request.ts";

const binaryMembers = ["x", "y", "d", "n", "e", "p", "q", "dp", "dq", "qi", "k"] as const;

/** RFC 8037 has "EdDSA", RFC 9864 has the name of the curve. */
const edwardsNames = [undefined, "EdDSA", "Ed25519"];

/** @throws HostCallError `DataError` when the key cannot be one of the algorithm */
export function checkJwk(jwk: JsonWebKey, algorithm: KeyAlgorithm): void {
  for (const member of binaryMembers) {
    const text = jwk[member];
    if (text !== undefined && !isBase64Url(text)) throw invalid(member);
  }
  const operations = jwk.key_ops ?? [];
  if (new Set(operations).size !== operations.length) throw invalid("key_ops");
  if (algorithm.name === "ECDSA" && jwk.crv !== algorithm.namedCurve) throw invalid("crv");
  if (algorithm.name === "Ed25519" && !edwardsNames.includes(jwk.alg)) throw invalid("alg");
}

/**
 * The `alg` of a key that is exported, as the standard has it: for ECDSA none, for Ed25519 the name of the curve
 * (https://w3c.github.io/webcrypto/#ed25519-operations-export-key).
 */
export function withStandardName(jwk: JsonWebKey, { name }: KeyAlgorithm): JsonWebKey {
  const { alg, ...nameless } = jwk;
  if (name === "ECDSA") return nameless;
  return name === "Ed25519" ? { ...nameless, alg: name } : jwk;
}

/** RFC 7515, section 2: no padding, no white space; and no stray bits in the last digit. */
function isBase64Url(text: string): boolean {
  return Buffer.from(text, "base64url").toString("base64url") === text;
}

function invalid(member: string): HostCallError {
  return new HostCallError("DataError", `Cannot import the key: ${member} of its JWK is not valid`);
}
