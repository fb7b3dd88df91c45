import type { TokenVerdict } from "./tokens.ts";

type Reason = "cross-origin" | NonNullable<TokenVerdict>;

/** That a token is too old, forged or somebody else's is one answer: it is nobody's business which. */
const meanings: Readonly<Record<Reason, readonly [status: number, code: string, title: string]>> = {
  "cross-origin": [403, "cross_origin_request", "The request comes from a page of another origin"],
  missing: [403, "csrf_token_missing", "The request has no token of the page that it comes from"],
  refused: [403, "csrf_token_refused", "The token of the request is not one of this session"],
  "too long": [413, "form_too_long", "The form is too long for its token to be looked for"],
};

/** Problem details (RFC 9457). */
export function refusal(reason: Reason): Response {
  const [status, code, title] = meanings[reason];
  return new Response(`${JSON.stringify({ type: "about:blank", title, status, code })}\n`, {
    status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
  });
}
