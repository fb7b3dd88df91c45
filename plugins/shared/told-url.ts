const names = ["x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix", "x-forwarded-scheme"];

/**
 * What fields of proxies say of the URL that a client asked for: services make links and redirects of it. The proxy takes such
 * fields away from those that it does not trust, and trusted ones let through what their clients say.
 *
 * @returns lines of a key, none where there are no such fields
 * @example
 * toldUrl(new Headers({ "x-forwarded-host": "a.test" })); // ["told x-forwarded-host=a.test"]
 */
export function toldUrl(headers: { get(name: string): string | null }): string[] {
  const lines: string[] = [];
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) lines.push(`told ${name}=${value}`);
  }
  const forwarded = headers.get("forwarded");
  // RFC 7239: whom it is for and by whom it came differs from client to client, and says nothing of the URL.
  const parts = forwarded?.match(/(?:host|proto)\s*=\s*(?:"(?:[^"\\]|\\.)*"?|[^;,]*)/gi) ?? [];
  if (parts.length > 0) lines.push(`told forwarded=${parts.join(";")}`);
  return lines;
}
