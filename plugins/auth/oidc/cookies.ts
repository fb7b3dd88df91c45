/** The cookies of a session and of logins that are under way (RFC 6265bis). */
import type { PluginRequest } from "sluice/sdk";
import { cookiesIn } from "../../shared/cookies.ts";

type Headers = PluginRequest["headers"];

export interface CookieNames {
  /** Of the first part of a session; the others have `.1` ... behind it. */
  readonly session: string;
  /** What those of logins begin with. */
  readonly login: string;
  /** The attributes of a session's, but its time. */
  readonly attributes: string;
  /** Those of a login's, which is never shared with other sites. */
  readonly loginAttributes: string;
}

/** What browsers take for a cookie with its name and attributes: 4096 bytes. */
const longestPart = 3800;
/** A request with more is refused by many servers, and a proxy's own room for a head has an end. */
export const mostParts = 4;
/** Of one browser: each tab that waits at the provider has one. */
export const mostLogins = 6;

/**
 * `__Host-` makes browsers refuse one that another site of the domain, or plain HTTP, set. That cannot be had together
 * with a domain.
 */
export function cookieNames({
  cookie,
  domain,
}: {
  readonly cookie: string;
  readonly domain: string;
}): CookieNames {
  const common = "Path=/; Secure; HttpOnly; SameSite=Lax";
  return {
    session: domain === "" ? `__Host-${cookie}` : `__Secure-${cookie}`,
    login: `__Host-${cookie}-login-`,
    attributes: domain === "" ? common : `${common}; Domain=${domain}`,
    loginAttributes: common,
  };
}

/** Our cookies of a request. A name that is there twice has no value that could be believed. */
export interface OwnCookies {
  /** The parts of the session, put together; null: there is none, or not all of it. */
  readonly session: string | null;
  /** Names of those that belong to it. */
  readonly sessionNames: readonly string[];
  /** Values by names, oldest first as browsers send them; null: it is there twice. */
  readonly logins: ReadonlyMap<string, string | null>;
}

const none: OwnCookies = { session: null, sessionNames: [], logins: new Map() };

/**
 * Reads our cookies.
 *
 * The first part of a session says how many there are, as in `2.abc`: parts of an older, longer one that a browser
 * still has are no part of it.
 */
export function readCookies(headers: Headers, names: CookieNames): OwnCookies {
  const text = headers.get("cookie");
  if (text === null || !(text.includes(names.session) || text.includes(names.login))) return none;
  const parts = new Map<string, string | null>();
  const logins = new Map<string, string | null>();
  for (const { name, value } of cookiesIn(text)) {
    const found = isPartOf(name, names.session) ? parts : name.startsWith(names.login) ? logins : null;
    found?.set(name, found.has(name) ? null : value);
  }
  return { session: joinParts(parts, names.session), sessionNames: [...parts.keys()], logins };
}

function joinParts(parts: ReadonlyMap<string, string | null>, name: string): string | null {
  const [, count, first] = /^([1-9])\.(.*)$/.exec(parts.get(name) ?? "") ?? [];
  if (count === undefined || Number(count) > mostParts) return null;
  let whole = first!;
  for (let index = 1; index < Number(count); index++) {
    const part = parts.get(`${name}.${index}`) ?? null;
    if (part === null) return null;
    whole += part;
  }
  return whole;
}

function isPartOf(name: string, session: string): boolean {
  return name.startsWith(session) && /^(?:\.\d{1,2})?$/.test(name.slice(session.length));
}

/** Takes our cookies out of the request: what is in them is nothing to the service. The others stay as they are written. */
export function removeCookies(headers: Headers, names: CookieNames): void {
  const text = headers.get("cookie");
  if (text === null || !(text.includes(names.session) || text.includes(names.login))) return;
  const kept = cookiesIn(text).filter(({ name }) => !isOwn(name, names));
  if (kept.length === 0) headers.delete("cookie");
  else headers.set("cookie", kept.map(({ written }) => written).join("; "));
}

function isOwn(name: string, { session, login }: CookieNames): boolean {
  return isPartOf(name, session) || name.startsWith(login);
}

/**
 * Values of Set-Cookie that store a sealed session, and remove parts of an older one; null: it is too long.
 *
 * @param lifetime in s
 * @param old names of the cookies that the browser has
 */
export function sessionCookies(
  sealed: string,
  lifetime: number,
  old: readonly string[],
  { session, attributes }: CookieNames,
): string[] | null {
  const count = Math.max(1, Math.ceil(sealed.length / longestPart));
  if (count > mostParts) return null;
  const cookies: string[] = [];
  const stored = new Set<string>();
  for (let index = 0; index < count; index++) {
    const name = index === 0 ? session : `${session}.${index}`;
    const part = sealed.slice(index * longestPart, (index + 1) * longestPart);
    stored.add(name);
    cookies.push(`${name}=${index === 0 ? `${count}.` : ""}${part}; Max-Age=${lifetime}; ${attributes}`);
  }
  return [
    ...cookies,
    ...expired(
      old.filter((name) => !stored.has(name)),
      attributes,
    ),
  ];
}

/** Values of Set-Cookie that remove cookies. */
export function expired(names: readonly string[], attributes: string): string[] {
  return names.map((name) => `${name}=; Max-Age=0; ${attributes}`);
}
