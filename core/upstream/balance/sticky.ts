/** Leads a client back to its endpoint by a cookie (RFC 6265). */
import { createHmac } from "node:crypto";
import type { StickyConfig } from "../../config/traffic-model.ts";
import { readCookie } from "../../wire/cookie.ts";

/** Bytes of a token: too many to meet another endpoint's by chance. */
const tokenBytes = 12;

interface Named {
  readonly name: string;
}

/**
 * The cookie holds a token instead of the endpoint's name, which would tell clients addresses
 * of the inner network. A client that sends another endpoint's token reaches that one, as it
 * would by chance: the cookie is no permission.
 */
export class StickyCookie<E extends Named> {
  private readonly cookie: string;
  private readonly endpoints = new Map<string, E>();
  private readonly tokens = new Map<E, string>();
  private readonly attributes: string;

  /**
   * @param key what tokens are made with: the same in every reactor and every proxy in front of the
   *   cluster, or clients lose their endpoint. Where clients know it they can try out addresses.
   * @example
   * const sticky = new StickyCookie(config.sticky, key, endpoints);
   * const endpoint = sticky.find("sluice-endpoint=8QwYH2m1cR0Tn5fA"); // null: balance, and then
   * sticky.setCookie(picked, true); // "sluice-endpoint=8Q...; Path=/; HttpOnly; SameSite=Lax; Secure"
   */
  constructor(config: StickyConfig, key: string | Uint8Array, endpoints: readonly E[]) {
    this.cookie = config.cookie;
    for (const endpoint of endpoints) {
      const token = tokenOf(endpoint.name, key);
      this.endpoints.set(token, endpoint);
      this.tokens.set(endpoint, token);
    }
    // RFC 6265 section 5.2.2: without Max-Age the cookie ends with the browser's session.
    const age = config.ttl === 0 ? "" : `; Max-Age=${Math.ceil(config.ttl / 1000)}`;
    this.attributes = `; Path=${config.path}${age}; HttpOnly; SameSite=Lax`;
  }

  /**
   * The endpoint that the text of a Cookie field leads to, whether it can be asked now or not;
   * null: it leads to none.
   */
  find(field: string): E | null {
    const token = readCookie(field, this.cookie);
    return token === null ? null : (this.endpoints.get(token) ?? null);
  }

  /**
   * Text of a Set-Cookie field that leads to an endpoint.
   *
   * @param secure whether the client came by TLS: a browser then never sends the cookie in the clear
   */
  setCookie(endpoint: E, secure: boolean): string {
    const text = `${this.cookie}=${this.tokens.get(endpoint)}${this.attributes}`;
    return secure ? `${text}; Secure` : text;
  }
}

function tokenOf(name: string, key: string | Uint8Array): string {
  return createHmac("sha256", key).update(name).digest().subarray(0, tokenBytes).toString("base64url");
}
