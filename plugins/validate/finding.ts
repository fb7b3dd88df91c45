import type { Violation } from "./schema/run.ts";

/** What is wrong with a message. */
export interface Finding {
  readonly status: number;
  readonly title: string;
  readonly errors: readonly Violation[];
  /** Methods that the path has, for 405. */
  readonly allow?: string;
}

export function malformed(message: string, pointer = ""): Finding {
  return {
    status: 400,
    title: "The request is malformed",
    errors: [{ pointer, message, schemaPointer: "" }],
  };
}

export function unsupported(message: string): Finding {
  return {
    status: 415,
    title: "The content of the request is of no supported type",
    errors: [{ pointer: "", message, schemaPointer: "" }],
  };
}

/** Problem details (RFC 9457). What a response had wrong is not told to clients: it is in the log. */
export function problem(finding: Finding, ofResponse: boolean): Response {
  const { status, title, errors, allow } = ofResponse
    ? {
        status: 502,
        title: "The service gave an answer that does not fit",
        errors: undefined,
        allow: undefined,
      }
    : finding;
  const body = JSON.stringify({ type: "about:blank", title, status, errors });
  const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" });
  if (allow !== undefined) headers.set("allow", allow);
  return new Response(`${body}\n`, { status, headers });
}
