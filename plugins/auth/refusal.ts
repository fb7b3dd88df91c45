/** The replies of this policy: problem details (RFC 9457) with the challenges that RFC 9110, section 11.6.1, asks for. */
import type { Refused, Strategy } from "./strategy.ts";

const titles = {
  401: "Credentials are needed",
  403: "This is not allowed",
  429: "Too many attempts",
  503: "Credentials cannot be checked for the moment",
} as const;

/**
 * The reply to a request whose sender is not known.
 *
 * A 503 beats a 401: the client's credentials may be good. What was wrong is not told beyond the challenge.
 *
 * @param strategies their challenges are sent, those of the refusals in the place of their own scheme's
 */
export function denial(strategies: readonly Strategy[], refusals: readonly Refused[]): Response {
  const special = refusals.find(({ status }) => status === 503 || status === 429 || status === 403);
  const status = special?.status ?? 401;
  const response = problem(status, codes[status]);
  if (special?.retryAfter !== undefined) response.headers.set("retry-after", String(special.retryAfter));
  if (status === 401)
    for (const challenge of challengesOf(strategies, refusals)) {
      response.headers.append("www-authenticate", challenge);
    }
  return response;
}

const codes = {
  401: "unauthenticated",
  403: "forbidden",
  429: "too_many_attempts",
  503: "authentication_unavailable",
} as const;

/**
 * The reply to somebody who is known and may not.
 *
 * RFC 6750, section 3.1: `insufficient_scope` with the scopes that would do.
 */
export function forbidden(scopes: readonly string[], isBearer: boolean): Response {
  const response = problem(403, scopes.length > 0 ? "insufficient_scope" : "forbidden");
  if (isBearer && scopes.length > 0) {
    const list = scopes.join(" ").replaceAll(/["\\]|[^\x20-\x7e]/g, "");
    response.headers.set("www-authenticate", `Bearer error="insufficient_scope", scope="${list}"`);
  }
  return response;
}

function challengesOf(strategies: readonly Strategy[], refusals: readonly Refused[]): Set<string> {
  const own = refusals.flatMap(({ challenge }) => (challenge === undefined ? [] : [challenge]));
  const answered = new Set(own.map(schemeOf));
  const others = strategies.flatMap(({ challenge }) =>
    challenge === undefined || answered.has(schemeOf(challenge)) ? [] : [challenge],
  );
  return new Set([...own, ...others]);
}

function schemeOf(challenge: string): string {
  return challenge.split(" ", 1)[0]!.toLowerCase();
}

function problem(status: keyof typeof titles, code: string): Response {
  const body = { type: "about:blank", title: titles[status], status, code };
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
  });
}
