/** Signed tokens (RFC 7519), as RFC 8725 advises to verify them. */
import { type JWTVerifyOptions, jwtVerify } from "jose";
import type { PluginRequest } from "sluice/sdk";
import { credentialAt, removeCredential, twice } from "./credential.ts";
import { frozenIdentity } from "./frozen-identity.ts";
import { identityOf } from "./jwt/claims.ts";
import { type JwtConfig, jwtSchema } from "./jwt/config.ts";
import { findKey, type VerifyingKey } from "./jwt/key-set.ts";
import { readKeys } from "./jwt/keys.ts";
import { fetchText, RemoteKeys } from "./jwt/remote-keys.ts";
import { readTokenHeader } from "./jwt/token-form.ts";
import {
  type AuthContext,
  absent,
  refused,
  type Strategy,
  type StrategyType,
  type Verdict,
} from "./strategy.ts";
import { TokenCache } from "./token-cache.ts";
import { Busy, cryptoTurns } from "./turns.ts";

export const jwt: StrategyType<JwtConfig> = {
  type: "jwt",
  schema: jwtSchema,
  create(config, { log }) {
    const onFailure = (message: string) =>
      log.warn(`the keys of ${config.jwks} could not be refreshed: ${message}`);
    return jwtStrategy(config, { now: Date.now, fetch: fetchText, onFailure });
  },
};

export interface JwtHost {
  /** Ms since 1970. */
  readonly now: () => number;
  /** The text at a URL, within so many ms. */
  readonly fetch: (url: string, timeout: number) => Promise<string>;
  readonly onFailure: (message: string) => void;
}

const challenge = 'Bearer realm="api"';
/** RFC 6750, section 3.1. */
const invalidToken = `${challenge}, error="invalid_token"`;

export function jwtStrategy(config: JwtConfig, host: JwtHost): Strategy {
  const { forward } = config;
  const allowed: readonly string[] = config.algorithms;
  if (config.jwks === "" && config.keys.length === 0)
    throw new Error("there are no keys: neither jwks nor keys");
  const cache = new TokenCache<Verdict>(config.cache);
  /** Of the keys: what is verified by one that goes meanwhile is not remembered. */
  let generation = 0;
  const onChange = () => {
    generation++;
    cache.clear();
  };
  const remote = config.jwks === "" ? null : new RemoteKeys(remoteOptions(config, host, onChange));
  let local: readonly VerifyingKey[] = [];

  async function start(): Promise<void> {
    local = await readKeys(config.keys);
    const isTaken = ({ algorithms: own }: VerifyingKey) => own.some((name) => allowed.includes(name));
    if (remote === null && !local.some(isTaken)) throw new Error("no key has one of the algorithms");
    await remote?.start();
  }

  function authenticate(request: PluginRequest, ctx: AuthContext): Verdict | Promise<Verdict> {
    const credential = credentialAt(request, config);
    if (credential === null) return absent;
    if (credential === twice) return refused("ambiguous", invalidToken);
    const known = cache.get(credential, host.now());
    if (known !== null) return pass(known, request);
    const token = tokenIn(credential, config.header);
    if (token === null) return absent;
    const verdict = verify(token, credential);
    ctx.waitUntil(verdict.catch(() => {}));
    return verdict.then((found) => pass(found, request));
  }

  function pass(verdict: Verdict, request: PluginRequest): Verdict {
    if (!forward && verdict.kind === "identity") removeCredential(request, config);
    return verdict;
  }

  async function verify(token: string, credential: string): Promise<Verdict> {
    const header = readTokenHeader(token);
    if (header === null) return refused("malformed", invalidToken);
    const { alg, kid } = header;
    if (!allowed.includes(alg)) return refused("algorithm", invalidToken);
    const key = findKey(local, alg, kid) ?? (await remote?.find(alg, kid)) ?? null;
    if (key === null) return refused("unknown_key", invalidToken);
    if (key === "unavailable")
      return { kind: "refused", reason: "no_keys", status: 503, retryAfter: retryAfter(config) };
    const now = host.now();
    const begun = generation;
    try {
      const material = await key.for(alg);
      const verified = () => jwtVerify(token, material, verifyOptions(config, alg, now));
      const { payload } = await cryptoTurns.take(verified);
      // RFC 7800: it is for who has that key, and stolen goods in the hands of who shows it alone.
      if (payload["cnf"] !== undefined && !config.bound) return refused("bound", invalidToken);
      const identity = identityOf(payload, config, "jwt");
      if (identity === null) return refused("subject", invalidToken);
      const verdict: Verdict = { kind: "identity", identity: frozenIdentity(identity) };
      if (begun === generation) cache.set(credential, verdict, goodUntil(payload, config, now));
      return verdict;
    } catch (error) {
      if (error instanceof Busy) throw error;
      return refused(reasons[(error as { code?: string }).code ?? ""] ?? "invalid", invalidToken);
    }
  }

  return { name: "jwt", challenge, start, authenticate };
}

const reasons: Readonly<Record<string, string>> = {
  ERR_JWT_EXPIRED: "expired",
  ERR_JWT_CLAIM_VALIDATION_FAILED: "claims",
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "signature",
};

function retryAfter({ jwksCooldown }: JwtConfig): number {
  return Math.max(1, Math.ceil(jwksCooldown));
}

/** A token in Authorization stands behind `Bearer` (RFC 6750, section 2.1; schemes have no case). */
function tokenIn(credential: string, header: string): string | null {
  if (header.toLowerCase() !== "authorization") return credential;
  const [, token] = /^bearer +(.*)$/i.exec(credential) ?? [];
  // From the query or a cookie it comes as it is; no other scheme of Authorization looks like it.
  return token ?? (/^[\w-]+\.[\w-]+\.[\w-]*$/.test(credential) ? credential : null);
}

function verifyOptions(config: JwtConfig, algorithm: string, now: number): JWTVerifyOptions {
  const { issuer, audience, requiredClaims, clockTolerance, maxAge, typ } = config;
  return {
    algorithms: [algorithm],
    ...(issuer.length > 0 && { issuer: issuer as string | string[] }),
    ...(audience.length > 0 && { audience: audience as string | string[] }),
    ...(maxAge > 0 && { maxTokenAge: maxAge }),
    ...(typ !== "" && { typ }),
    requiredClaims: [...requiredClaims],
    clockTolerance,
    currentDate: new Date(now),
  };
}

/** A token is remembered no longer than it is good, tolerance left aside. */
function goodUntil(
  { exp, iat }: { exp?: number; iat?: number },
  { cacheFor, maxAge }: JwtConfig,
  now: number,
): number {
  const ends = [now + cacheFor * 1000];
  if (exp !== undefined) ends.push(exp * 1000);
  if (maxAge > 0 && iat !== undefined) ends.push((iat + maxAge) * 1000);
  return Math.min(...ends);
}

function remoteOptions(config: JwtConfig, host: JwtHost, onChange: () => void) {
  return {
    ...host,
    url: config.jwks,
    cacheFor: config.jwksCacheFor * 1000,
    cooldown: config.jwksCooldown * 1000,
    staleFor: config.jwksStaleFor * 1000,
    timeout: config.jwksTimeout * 1000,
    onChange,
  };
}
