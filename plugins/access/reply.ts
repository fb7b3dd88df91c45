/** What a client is told, as problem details (RFC 9457). */
import type { BodyFault } from "./body-limits.ts";
import type { Refusal, Rules } from "./rules.ts";

const titles = {
  // Those of the proxy itself.
  404: "No route matches",
  401: "The request is not authenticated",
  403: "The request is not allowed",
} as const;

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly requestId: string;
}

export function refusalReply({ status, rule }: Refusal, rules: Rules, asked: Asked): Response {
  const { method, path, requestId } = asked;
  const { challenge, showRule, proxyName } = rules;
  const isHidden = status === 404;
  const problem = {
    type: "about:blank",
    title: titles[status],
    status,
    ...(isHidden && { detail: `${method} ${path} matches no route` }),
    code: isHidden ? "route_not_found" : "access_denied",
    ...(showRule && !isHidden && { rule }),
    requestId,
  };
  const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" });
  if (isHidden) {
    headers.set("proxy-status", `${proxyName}; error=destination_not_found; details="route_not_found"`);
  }
  if (status === 401) headers.set("www-authenticate", challenge!);
  return new Response(`${JSON.stringify(problem)}\n`, { status, headers });
}

export function bodyReply({ status, code, title, detail }: BodyFault): Response {
  const problem = { type: "about:blank", title, status, ...(detail !== null && { detail }), code };
  const headers = { "content-type": "application/problem+json", "cache-control": "no-store" };
  return new Response(`${JSON.stringify(problem)}\n`, { status, headers });
}
