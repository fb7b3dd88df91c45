/** Who it is, told to the service as a token that this proxy signs: services behind the first one can check it, too. */
import { importJWK, importPKCS8, type JWK, SignJWT } from "jose";
import type { Identity } from "sluice/sdk";
import type { AuthConfig } from "./config.ts";
import { cryptoTurns } from "./turns.ts";

type TokenConfig = NonNullable<AuthConfig["identityHeaders"]["token"]>;

/** RFC 7518, section 3.2: a secret has as many bytes as the hash at least. */
const leastSecret = 32;

interface Signed {
  readonly text: string;
  /** In ms since 1970: until then it is good for half of its lifetime. */
  readonly freshUntil: number;
}

/**
 * Signs tokens, one for each identity and half of a lifetime: strategies that remember whom they know give the same
 * object again.
 *
 * @example
 * const tokens = await InternalTokens.from(config.identityHeaders.token, Date.now);
 * await tokens.of(identity); // "eyJ..."
 */
export class InternalTokens {
  readonly header: string;
  private readonly config: TokenConfig;
  private readonly key: CryptoKey | Uint8Array;
  private readonly now: () => number;
  private readonly known = new WeakMap<Identity, Signed>();

  private constructor(config: TokenConfig, key: CryptoKey | Uint8Array, now: () => number) {
    this.header = config.header;
    this.config = config;
    this.key = key;
    this.now = now;
  }

  /** @throws Error that holds nothing of the key, when that is none */
  static async from(config: TokenConfig, now: () => number): Promise<InternalTokens> {
    return new InternalTokens(config, await readKey(config), now);
  }

  of(identity: Identity): string | Promise<string> {
    const signed = this.known.get(identity);
    return signed !== undefined && signed.freshUntil > this.now() ? signed.text : this.sign(identity);
  }

  private async sign(identity: Identity): Promise<string> {
    const { alg, kid, issuer, audience, lifetime, claims } = this.config;
    const now = this.now();
    const issued = Math.floor(now / 1000);
    const passed = claims.filter((name) => Object.hasOwn(identity.claims, name));
    const token = new SignJWT({
      ...Object.fromEntries(passed.map((name) => [name, identity.claims[name]])),
      iss: issuer,
      ...(audience !== "" && { aud: audience }),
      sub: identity.subject,
      iat: issued,
      exp: issued + lifetime,
      method: identity.method,
      scope: identity.scopes.join(" "),
      groups: [...identity.groups],
    }).setProtectedHeader({ alg, typ: "JWT", ...(kid !== "" && { kid }) });
    const text = await cryptoTurns.take(() => token.sign(this.key));
    this.known.set(identity, { text, freshUntil: now + lifetime * 500 });
    return text;
  }
}

async function readKey({ alg, key }: TokenConfig): Promise<CryptoKey | Uint8Array> {
  if (alg === "HS256") {
    const secret = new TextEncoder().encode(key);
    if (secret.length < leastSecret)
      throw new Error(`identityHeaders.token.key has less than ${leastSecret} bytes`);
    return secret;
  }
  try {
    if (!key.trimStart().startsWith("{")) return await importPKCS8(key.trim(), alg);
    const { kty, crv, x, y, d } = JSON.parse(key) as JWK;
    if (d !== undefined) return await importJWK({ kty, crv, x, y, d } as JWK, alg);
  } catch {
    // What is thrown may hold a part of the key.
  }
  throw new Error(
    `identityHeaders.token.key is no private key for ${alg}, as PEM (BEGIN PRIVATE KEY) or JWK`,
  );
}
