/** What is known of somebody who logged in, as the browser keeps it. */
import type { Identity } from "sluice/sdk";
import { claimAt, textsOf, wordsOf } from "../../jwt/claims.ts";
import type { OidcConfig } from "../config.ts";
import type { Tokens } from "../provider/token-endpoint.ts";

type Claims = Readonly<Record<string, unknown>>;

/** Times are in s since 1970. */
export interface Session {
  /** Random; another one for each login. */
  readonly id: string;
  /** Whom the provider means; `subject` may be another claim. */
  readonly sub: string;
  /** Of the login at the provider; null: it has no name. */
  readonly sid: string | null;
  readonly subject: string;
  readonly claims: Claims;
  readonly scopes: readonly string[];
  readonly groups: readonly string[];
  readonly begun: number;
  /** When the browser got this; a request may be later. */
  readonly seen: number;
  /** Null: the service does not get it. */
  readonly accessToken: string | null;
  /** Null: the provider does not say. */
  readonly accessUntil: number | null;
  /** When it is time for another one; null: never. */
  readonly refreshAt: number | null;
  readonly refreshToken: string | null;
  /** For the provider's logout; null: it is not needed. */
  readonly idToken: string | null;
}

/**
 * The session of a login; null: the claims name no subject.
 *
 * @param now s since 1970
 */
export function newSession(
  id: string,
  claims: Claims,
  tokens: Tokens,
  config: OidcConfig,
  now: number,
): Session | null {
  const subject = claimAt(claims, config.subjectClaim);
  if (typeof subject !== "string" || subject === "" || subject.length > 1024) return null;
  return {
    id,
    sub: String(claims["sub"]),
    sid: typeof claims["sid"] === "string" && claims["sid"].length <= 255 ? claims["sid"] : null,
    subject,
    claims: keptClaims(claims, config),
    scopes: scopesOf(claims, tokens, config),
    groups: textsOf(claimAt(claims, config.groupsClaim)),
    begun: now,
    seen: now,
    ...tokenPart(tokens, config, now),
    idToken: needsIdToken(config) ? tokens.idToken : null,
  };
}

/**
 * The session after its tokens were refreshed.
 *
 * @param claims of the ID token that came with them; null: none did
 */
export function refreshedSession(
  session: Session,
  claims: Claims | null,
  tokens: Tokens,
  config: OidcConfig,
  now: number,
): Session {
  const part = tokenPart(tokens, config, now);
  // RFC 6749, section 6: without a new one the old one stays good.
  const next = { ...session, seen: now, ...part, refreshToken: part.refreshToken ?? session.refreshToken };
  const groups = claims === null ? undefined : claimAt(claims, config.groupsClaim);
  return {
    ...next,
    refreshAt: part.refreshAt ?? refreshTime(tokens, config, now),
    ...(claims !== null && { claims: { ...session.claims, ...keptClaims(claims, config) } }),
    ...(groups !== undefined && { groups: textsOf(groups) }),
    ...(tokens.scope !== null && config.scopesClaim === "" && { scopes: wordsOf(tokens.scope) }),
    ...(tokens.idToken !== null && needsIdToken(config) && { idToken: tokens.idToken }),
  };
}

export function identityOfSession({ subject, claims, scopes, groups }: Session): Identity {
  return { subject, method: "oidc", claims, scopes, groups };
}

/** @param now s since 1970 */
export function isOver({ begun, seen }: Session, { session }: OidcConfig, now: number): boolean {
  return now >= begun + session.lifetime || (session.idle > 0 && now >= seen + session.idle);
}

/**
 * Whether the browser has to get it again, because it was used: not at each request, but often enough that at most a
 * tenth of the idle time is lost.
 */
export function isWorn({ seen }: Session, { session }: OidcConfig, now: number): boolean {
  return session.idle > 0 && now >= seen + Math.max(1, session.idle / 10);
}

/** For how long a browser has to keep it, in s. */
export function cookieLifetime({ begun }: Session, { session }: OidcConfig, now: number): number {
  const left = begun + session.lifetime - now;
  return Math.max(0, Math.ceil(session.idle > 0 ? Math.min(left, session.idle) : left));
}

/** A text that was sealed here; null: by another version of this program. */
export function readSession(text: string): Session | null {
  const value = JSON.parse(text) as Partial<Session>;
  const isWhole =
    typeof value.id === "string" && typeof value.begun === "number" && Array.isArray(value.groups);
  return isWhole ? (value as Session) : null;
}

function tokenPart(tokens: Tokens, config: OidcConfig, now: number) {
  const { accessToken, expiresIn, refreshToken } = tokens;
  const isRefreshed = config.refresh && refreshToken !== null;
  return {
    accessToken: config.forward === "" ? null : accessToken,
    accessUntil: expiresIn === null ? null : now + expiresIn,
    refreshToken: isRefreshed ? refreshToken : null,
    refreshAt: isRefreshed ? refreshTime(tokens, config, now) : null,
  };
}

/** One that is good for a short time only is used for half of it at least. */
function refreshTime({ expiresIn }: Tokens, { refreshBefore }: OidcConfig, now: number): number | null {
  return expiresIn === null ? null : now + Math.max(expiresIn - refreshBefore, expiresIn / 2);
}

function keptClaims(claims: Claims, config: OidcConfig): Claims {
  const kept = config.claims.filter((name) => Object.hasOwn(claims, name));
  return Object.fromEntries(kept.map((name) => [name, claims[name]]));
}

function scopesOf(claims: Claims, { scope }: Tokens, { scopesClaim, scopes }: OidcConfig): readonly string[] {
  if (scopesClaim !== "") return wordsOf(claimAt(claims, scopesClaim));
  return scope === null ? askedScopes(scopes) : wordsOf(scope);
}

/** OpenID Connect Core 1.0, section 3.1.2.1: without `openid` it would be no login. */
export function askedScopes(scopes: readonly string[]): readonly string[] {
  return [...new Set(["openid", ...scopes])];
}

function needsIdToken({ logout }: OidcConfig): boolean {
  return logout.path !== "" && logout.provider;
}
