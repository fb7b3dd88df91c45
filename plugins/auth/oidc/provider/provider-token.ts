/** Tokens that the provider signs for this client. */
import { type JWTPayload, jwtVerify } from "jose";
import { readTokenHeader } from "../../jwt/token-form.ts";
import type { OidcConfig } from "../config.ts";
import type { Provider } from "./provider.ts";

export interface ProviderToken {
  readonly claims: JWTPayload;
  readonly alg: string;
}

/**
 * Verifies who signed a token, and for whom.
 *
 * @param required claims that have to be there
 * @param now ms since 1970
 * @returns a short code of what is wrong with a bad one
 */
export async function readProviderToken(
  token: string,
  required: readonly string[],
  config: OidcConfig,
  provider: Provider,
  now: number,
): Promise<ProviderToken | string> {
  const header = readTokenHeader(token);
  if (header === null) return "form";
  const { alg, kid } = header;
  // The list has no algorithm whose key would be the client's secret, nor `none`.
  if (!(config.algorithms as readonly string[]).includes(alg)) return "algorithm";
  const key = await provider.key(alg, kid);
  if (key === "unavailable") return "no_keys";
  if (key === null) return "key";
  try {
    const { payload } = await jwtVerify(token, await key.for(alg), {
      algorithms: [alg],
      issuer: config.issuer,
      audience: config.clientId,
      requiredClaims: ["iss", "aud", "iat", ...required],
      clockTolerance: config.clockTolerance,
      currentDate: new Date(now),
    });
    return { claims: payload, alg };
  } catch (error) {
    return reasons[(error as { code?: string }).code ?? ""] ?? "invalid";
  }
}

const reasons: Readonly<Record<string, string>> = {
  ERR_JWT_EXPIRED: "expired",
  ERR_JWT_CLAIM_VALIDATION_FAILED: "claims",
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "signature",
};
