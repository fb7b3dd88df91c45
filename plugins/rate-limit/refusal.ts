import { type Stood, standingsText } from "./fields.ts";
import { wholeSeconds } from "./whole-seconds.ts";

/** A type that the draft of RateLimit registers for problem details (RFC 9457). */
const quotaExceeded = "https://iana.org/assignments/http-problem-types#quota-exceeded";

export interface RefusalFields {
  readonly policy: string;
  /** For RateLimit. */
  readonly standings: readonly Stood[];
}

/**
 * The answer to a request that is over a limit (RFC 6585, section 4).
 *
 * @param wait seconds; Infinity: it is over it at any time
 * @param fields null: it tells nobody of limits
 */
export function refusal(name: string, wait: number, fields: RefusalFields | null): Response {
  const problem = {
    type: quotaExceeded,
    title: "Too many requests",
    status: 429,
    code: "rate_limited",
    "violated-policies": [name],
  };
  const headers = new Headers({
    "content-type": "application/problem+json",
    "cache-control": "no-store",
  });
  if (Number.isFinite(wait)) headers.set("retry-after", String(Math.max(1, wholeSeconds(wait))));
  if (fields !== null) {
    headers.set("ratelimit-policy", fields.policy);
    headers.set("ratelimit", standingsText(fields.standings));
  }
  return new Response(`${JSON.stringify(problem)}\n`, { status: 429, headers });
}

/** The answer while the limits cannot be asked, where that was chosen. */
export function storeLost(): Response {
  const problem = { title: "Limits cannot be checked", status: 503, code: "store_lost" };
  const headers = {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "retry-after": "1",
  };
  return new Response(`${JSON.stringify(problem)}\n`, { status: 503, headers });
}
