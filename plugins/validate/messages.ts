import { type BodyRule, type Content, checkBody, isLookedInto } from "./body.ts";
import { type Finding, malformed } from "./finding.ts";
import { type Operation, responseFor } from "./openapi/operation.ts";
import type { Rules } from "./rules.ts";

/** What a request has to fit. */
export interface Found {
  readonly operation: Operation | null;
  readonly body: BodyRule | null;
  /** Why it is refused whatever it has; null: it is not. */
  readonly finding: Finding | null;
}

interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: { get(name: string): string | null };
}

/** RFC 9110 section 9.3: methods whose content means nothing; what they send is checked nevertheless. */
const bare = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"]);
const nothing: Found = { operation: null, body: null, finding: null };

export function find(
  { body, bareBody, openapi }: Rules,
  request: Request,
  unknown: "allow" | "refuse",
): Found {
  if (body) return { operation: null, body: bare.has(request.method) ? bareBody : body, finding: null };
  const found = openapi!.find(request.method, pathOf(request.url));
  if ("parameters" in found) return { operation: found, body: found.body, finding: null };
  if (unknown === "allow") return nothing;
  const { allow } = found;
  const errors = [{ pointer: "", message: "is not in the document", schemaPointer: "#/paths" }];
  if (allow === "") return { ...nothing, finding: { status: 404, title: "There is no such path", errors } };
  return { ...nothing, finding: { status: 405, title: "The path has no such method", errors, allow } };
}

export function needsBody({ body, finding }: Found): boolean {
  return body !== null && finding === null;
}

/** Parameters first: both are told, with the graver status of the body. */
export function checkRequest(found: Found, request: Request, content: Content): Finding | null {
  if (found.finding) return found.finding;
  const errors = found.operation?.parameters.flatMap((check) => check(request)) ?? [];
  const ofBody = found.body && checkBody(content, request.headers, found.body);
  if (errors.length === 0) return ofBody;
  const all = [...errors, ...(ofBody?.errors ?? [])];
  return { status: 400, title: "The request does not fit", errors: all };
}

/** Of a plain schema: what succeeded. The answers of failures look otherwise. */
export function needsResponse({ operation, body }: Found, status: number): boolean {
  if (operation) return true;
  return body !== null && status >= 200 && status < 300;
}

/** Whether a part of the response (RFC 9110 section 15.3.7) may be had: nothing looks into it. */
export function allowsParts({ operation, body }: Found): boolean {
  if (!operation) return body === null;
  const rule = responseFor(operation, 206);
  return rule !== undefined && (rule.body === null || !isLookedInto(rule.body));
}

/** @param content null: a response to this has no body */
export function checkResponse(
  { operation, body }: Found,
  { status, headers }: { readonly status: number; readonly headers: Request["headers"] },
  content: Content | null,
): Finding | null {
  const checkWhole = (own: BodyRule): Finding | null => {
    if (content === null) return null;
    if (status === 206 && isLookedInto(own)) return malformed("must be whole");
    return checkBody(content, headers, own);
  };
  if (!operation) return checkWhole({ ...body!, required: true });
  const rule = responseFor(operation, status);
  if (!rule) {
    const errors = [
      { pointer: "", message: `status ${status} is not in the document`, schemaPointer: operation.at },
    ];
    return { status: 502, title: "The status is not in the document", errors };
  }
  const errors = rule.headers.flatMap((check) => check({ url: "", headers }));
  const ofBody = rule.body && checkWhole(rule.body);
  if (errors.length === 0) return ofBody;
  return { status: 502, title: "The answer does not fit", errors: [...errors, ...(ofBody?.errors ?? [])] };
}

function pathOf(url: string): string {
  return new URL(url).pathname;
}
