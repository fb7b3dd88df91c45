/**
 * Tokens: when one was made, a random number, and an HMAC over both and the session that it belongs to. Nothing is kept of them
 * (https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html).
 */

const algorithm = { name: "HMAC", hash: "SHA-256" } as const;
const encoder = new TextEncoder();
/** `TIME.RANDOM.MAC`: s since 1970, 128 bits and 256 bits as base64url. */
const form = /^(\d{1,12})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/;
/** How far the clocks of two proxies may differ, in s. */
const clockSkew = 60;

/** What is known of a token that is good. */
export interface Known {
  /** s since 1970. */
  readonly madeAt: number;
  /** Whether another secret signs by now. */
  readonly isOldKey: boolean;
}

export class TokenMaker {
  private readonly keys: readonly CryptoKey[];
  private readonly lifetime: number;
  private readonly now: () => number;

  /**
   * @param secrets the first one signs
   * @param lifetime s
   * @param now ms since 1970
   */
  static async create(
    secrets: readonly string[],
    lifetime: number,
    now: () => number = Date.now,
  ): Promise<TokenMaker> {
    const keys = secrets.map((secret) =>
      crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign", "verify"]),
    );
    return new TokenMaker(await Promise.all(keys), lifetime, now);
  }

  private constructor(keys: readonly CryptoKey[], lifetime: number, now: () => number) {
    this.keys = keys;
    this.lifetime = lifetime;
    this.now = now;
  }

  /** @param session what it belongs to; empty: to nobody who is known */
  async make(session: string): Promise<string> {
    const madeAt = Math.floor(this.now() / 1000);
    const random = base64url(crypto.getRandomValues(new Uint8Array(16)));
    const signed = signedText(session, String(madeAt), random);
    const mac = await crypto.subtle.sign("HMAC", this.keys[0]!, signed);
    return `${madeAt}.${random}.${base64url(new Uint8Array(mac))}`;
  }

  /** Null: it is none, is too old, or belongs to another session. Signatures are compared in constant time. */
  async check(token: string, session: string): Promise<Known | null> {
    const parts = token.length > 100 ? null : form.exec(token);
    if (parts === null) return null;
    const [, time = "", random = "", mac = ""] = parts;
    const madeAt = Number(time);
    const age = this.now() / 1000 - madeAt;
    if (age > this.lifetime || age < -clockSkew) return null;
    const bytes = bytesOf(mac);
    // The last character has two bits to spare: one token is to have one form.
    if (base64url(bytes) !== mac) return null;
    const signed = signedText(session, time, random);
    for (const [index, key] of this.keys.entries()) {
      if (await crypto.subtle.verify("HMAC", key, bytes, signed)) return { madeAt, isOldKey: index > 0 };
    }
    return null;
  }

  /** Whether a page is to get another one. */
  isWorn({ madeAt, isOldKey }: Known): boolean {
    return isOldKey || this.now() / 1000 - madeAt > this.lifetime / 2;
  }
}

/** JSON, so that no two different sessions and times make the same text. */
function signedText(...parts: readonly string[]): Uint8Array<ArrayBuffer> {
  return encoder.encode(JSON.stringify(["sluice csrf", ...parts]));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

/** Whether two texts are the same, in a time that tells nothing of where they differ (CVE-2026-21713). */
export function isSameText(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
