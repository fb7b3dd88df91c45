interface Asked {
  readonly method: string;
  readonly headers: { get(name: string): string | null };
}

/**
 * Fields that some frameworks let a client put in the place of its method or target. No key holds what they
 * change, so that with them anyone could have anything kept under any key (CVE-2018-14773).
 */
const overrides = [
  "x-http-method-override",
  "x-http-method",
  "x-method-override",
  "x-original-url",
  "x-rewrite-url",
];

/**
 * What of a request may change its response although no key holds it, or null: such a request is neither
 * answered from the store nor is its response kept.
 *
 * @example
 * unkeyedPart({ method: "GET", url, headers: new Headers({ "x-original-url": "/admin" }) }); // "override"
 */
export function unkeyedPart({ method, headers }: Asked): "body" | "override" | null {
  if (overrides.some((name) => headers.get(name) !== null)) return "override";
  // RFC 9110 section 9.3.1 gives the body of a GET no meaning; some origins do.
  return (method === "GET" || method === "HEAD") && hasBody({ headers }) ? "body" : null;
}

function hasBody({ headers }: Pick<Asked, "headers">): boolean {
  const length = headers.get("content-length");
  return (length !== null && length !== "0") || headers.get("transfer-encoding") !== null;
}
