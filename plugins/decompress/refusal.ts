/** Problem details (RFC 9457) for requests that cannot be decoded. */

/** RFC 7694 section 3: a 415 because of its coding tells which ones are accepted. */
export function unsupported(accepted: readonly string[]): Response {
  const list = accepted.length === 0 ? "identity" : accepted.join(", ");
  return problem(415, "encoding_unsupported", "The content coding is not accepted", {
    "accept-encoding": list,
  });
}

export function busy(): Response {
  return problem(503, "decoders_exhausted", "Too many bodies are being decoded", { "retry-after": "1" });
}

function problem(
  status: number,
  code: string,
  title: string,
  fields: Readonly<Record<string, string>>,
): Response {
  const headers = { "content-type": "application/problem+json", "cache-control": "no-store", ...fields };
  return new Response(`${JSON.stringify({ type: "about:blank", title, status, code })}\n`, {
    status,
    headers,
  });
}
