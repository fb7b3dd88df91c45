/** Sessions as browsers bring them along: opened, remembered and sealed again. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Identity, PluginRequest } from "sluice/sdk";
import { hexOf } from "../../hex.ts";
import type { AuthContext } from "../../strategy.ts";
import { TokenCache } from "../../token-cache.ts";
import type { OidcConfig } from "../config.ts";
import { type CookieNames, type OwnCookies, readCookies, sessionCookies } from "../cookies.ts";
import type { Ended } from "./back-channel.ts";
import type { SealedBox } from "./sealed-box.ts";
import { cookieLifetime, identityOfSession, isOver, readSession, type Session } from "./session.ts";

export interface OpenSession {
  readonly session: Session;
  readonly identity: Identity;
}

export type Found = OpenSession | { readonly none: string };

export class SessionStore {
  private readonly config: OidcConfig;
  private readonly names: CookieNames;
  private readonly box: SealedBox;
  private readonly now: () => number;
  private readonly opened: TokenCache<OpenSession>;
  /** In front of what a provider says: the counters are those of all policies, and another provider may say the same. */
  private readonly scope: string;

  /** @param now ms since 1970 */
  constructor(config: OidcConfig, names: CookieNames, box: SealedBox, now: () => number) {
    this.config = config;
    this.names = names;
    this.box = box;
    this.now = now;
    this.opened = new TokenCache(config.session.cache);
    this.scope = scopeOf(config);
  }

  cookiesOf(request: PluginRequest): OwnCookies {
    return readCookies(request.headers, this.names);
  }

  /** The session of the cookies, if it is good now; otherwise why not. Stays in the tick for one that is known. */
  find({ session: sealed, sessionNames }: OwnCookies, ctx: AuthContext): Found | Promise<Found> {
    if (sealed === null) return { none: sessionNames.length === 0 ? "absent" : "broken" };
    const known = this.opened.get(sealed, this.now());
    if (known !== null) return this.judge(known, ctx);
    return this.open(sealed).then((found) => ("none" in found ? found : this.judge(found, ctx)));
  }

  /** Values of Set-Cookie; null: the session is too large for a browser, also without what can be left out. */
  async store(session: Session, old: readonly string[]): Promise<string[] | null> {
    const whole = await this.sealed(session, old);
    return whole ?? (session.idToken === null ? null : this.sealed({ ...session, idToken: null }, old));
  }

  /** What was sealed cannot be taken back from a browser or from whoever copied it: all threads remember its end. */
  end({ id, begun }: Session, ctx: AuthContext): void {
    const ttl = Math.max(1, Math.ceil(begun + this.config.session.lifetime - this.now() / 1000));
    ctx.counters.set(endKey(id), 1, { ttl });
  }

  /** All sessions of one login at the provider, or all that a user has now. */
  endAll(ended: Ended, { counters }: AuthContext): void {
    const ttl = Math.ceil(this.config.session.lifetime);
    if ("sid" in ended) counters.set(this.sidKey(ended.sid), 1, { ttl });
    else counters.set(this.subKey(ended.sub), this.now() / 1000, { ttl });
  }

  /**
   * Whether a logout token was not seen before.
   *
   * @param id its `jti`
   * @param ttl s for which it is remembered
   */
  isFirst(id: string, ttl: number, { counters }: AuthContext): boolean {
    return counters.add(`oidc logout ${this.scope} ${id}`, 1, { most: 1, ttl }) !== undefined;
  }

  private async sealed(session: Session, old: readonly string[]): Promise<string[] | null> {
    const text = await this.box.seal(JSON.stringify(session));
    return sessionCookies(text, cookieLifetime(session, this.config, this.now() / 1000), old, this.names);
  }

  private async open(sealed: string): Promise<Found> {
    const text = await this.box.open(sealed);
    const session = text === null ? null : readSession(text);
    if (session === null) return { none: "broken" };
    const opened = { session, identity: identityOfSession(session) };
    this.opened.set(sealed, opened, (session.begun + this.config.session.lifetime) * 1000);
    return opened;
  }

  private judge(opened: OpenSession, ctx: AuthContext): Found {
    const { config } = this;
    if (isOver(opened.session, config, this.now() / 1000)) return { none: "expired" };
    return this.hasEnded(opened.session, ctx) ? { none: "ended" } : opened;
  }

  private hasEnded({ id, sid, sub, begun }: Session, { counters }: AuthContext): boolean {
    const { path, backChannelPath } = this.config.logout;
    if (path !== "" && counters.get(endKey(id)) !== undefined) return true;
    if (backChannelPath === "") return false;
    if (sid !== null && counters.get(this.sidKey(sid)) !== undefined) return true;
    return begun <= (counters.get(this.subKey(sub)) ?? 0);
  }

  private sidKey(sid: string): string {
    return `oidc ended sid ${this.scope} ${sid}`;
  }

  private subKey(sub: string): string {
    return `oidc ended sub ${this.scope} ${sub}`;
  }
}

function endKey(id: string): string {
  return `oidc ended ${id}`;
}

function scopeOf({ issuer, clientId }: OidcConfig): string {
  return hexOf(sha256(new TextEncoder().encode(JSON.stringify([issuer, clientId])))).slice(0, 16);
}
