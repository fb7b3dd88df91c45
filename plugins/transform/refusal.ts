import type { BodyFault } from "./body.ts";

/** What a client is told whose body rules are for and cannot be read (RFC 9110 section 15.5.16). */
export function refusedRequest(fault: BodyFault | "path"): Response {
  if (fault === "encoded") {
    const detail = "The body is encoded, and has to be read";
    return problem(415, "Unsupported Media Type", detail, { "accept-encoding": "identity" });
  }
  if (fault === "unfit") return problem(422, "Unprocessable Content", "The body cannot be transformed");
  if (fault === "long") return problem(413, "Content Too Large", "The body takes too much to transform");
  const detail = fault === "path" ? "The path cannot be used" : "The body is not what it says it is";
  return problem(400, "Bad Request", detail);
}

export function refusedResponse(): Response {
  return problem(502, "Bad Gateway", "The service answered with a body that cannot be read");
}

function problem(
  status: number,
  title: string,
  detail: string,
  fields: Readonly<Record<string, string>> = {},
): Response {
  const headers = { "content-type": "application/problem+json", ...fields };
  return new Response(JSON.stringify({ type: "about:blank", title, status, detail }), { status, headers });
}
