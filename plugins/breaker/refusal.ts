/** The answer while a circuit is open: problem details (RFC 9457) with Retry-After and Proxy-Status (RFC 9209). */
export function refusal(wait: number): Response {
  const seconds = Math.max(1, Math.ceil(wait / 1000));
  const problem = {
    type: "about:blank",
    title: "The service is out of order for the moment",
    status: 503,
    code: "circuit_open",
  };
  return new Response(`${JSON.stringify(problem)}\n`, {
    status: 503,
    headers: {
      "content-type": "application/problem+json",
      "retry-after": String(seconds),
      "proxy-status": 'sluice; error=destination_unavailable; details="circuit_open"',
      "cache-control": "no-store",
    },
  });
}
