/**
 * A 413 as problem details (RFC 9457).
 *
 * @param limit bytes
 */
export function tooLarge(limit: number): Response {
  const headers = { "content-type": "application/problem+json", "cache-control": "no-store" };
  const problem = {
    type: "about:blank",
    title: "Request body is too large",
    status: 413,
    detail: `Request body is longer than ${limit} bytes`,
    code: "body_too_large",
  };
  return new Response(`${JSON.stringify(problem)}\n`, { status: 413, headers });
}
