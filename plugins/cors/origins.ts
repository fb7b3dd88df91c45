/** Origins (RFC 6454 section 7) and who of them is meant by an operator's list. */

export interface Origins {
  /** Everyone. */
  readonly any: boolean;
  readonly exact: ReadonlySet<string>;
  readonly patterns: readonly Pattern[];
}

interface Pattern {
  readonly scheme: string;
  /** The host, or what it ends with: `.example.com`. */
  readonly host: string;
  readonly isSuffix: boolean;
  /** Digits, empty for the scheme's own, or `*`. */
  readonly port: string;
}

/** One class of characters after the other: nothing in it is tried twice, however long the text is. */
const origin = /^([a-z][a-z0-9+.-]*):\/\/(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?$/;
const given = /^([a-z][a-z0-9+.-]*):\/\/(?:(\*\.)?([a-z0-9._-]+)|(\[[0-9a-f:.]+\]))(?::([0-9]{1,5}|\*))?$/;

const ownPorts: Readonly<Record<string, string>> = { http: "80", https: "443", ws: "80", wss: "443" };

/**
 * @param list of origins as browsers send them, `https://*.example.com` for the names below one,
 *   `http://localhost:*` for every port, `null`, or `*`
 * @throws Error for what no browser would send
 * @example
 * isAmong("https://a.example.com", originsOf(["https://*.example.com"])); // true
 */
export function originsOf(list: readonly string[]): Origins {
  const exact = new Set<string>();
  const patterns: Pattern[] = [];
  for (const text of list) {
    if (text === "*") continue;
    const pattern = text === "null" ? null : patternOf(text);
    if (pattern === null || (!pattern.isSuffix && pattern.port !== "*")) {
      exact.add(pattern === null ? "null" : serialized(pattern));
    } else {
      patterns.push(pattern);
    }
  }
  return { any: list.includes("*"), exact, patterns };
}

function patternOf(text: string): Pattern {
  const [, scheme = "", wildcard, name, literal, port = ""] = given.exec(text.toLowerCase()) ?? [];
  const host = name ?? literal ?? "";
  if (host === "") throw new Error(`Cannot use origins: expected scheme://host[:port], found ${text}`);
  if (wildcard !== undefined && !host.includes(".") && host !== "localhost") {
    throw new Error(`Cannot use origins: expected a domain that belongs to somebody after *., found ${text}`);
  }
  return {
    scheme,
    host: wildcard === undefined ? host : `.${host}`,
    isSuffix: wildcard !== undefined,
    port: port === ownPorts[scheme] ? "" : port,
  };
}

function serialized({ scheme, host, port }: Pattern): string {
  return `${scheme}://${host}${port === "" ? "" : `:${port}`}`;
}

/** Whether the value of an Origin field is one of them; letter for letter, as browsers compare. */
export function isAmong(value: string, { any, exact, patterns }: Origins): boolean {
  if (any || exact.has(value)) return true;
  if (patterns.length === 0 || value.length > 300) return false;
  const [, scheme, host = "", port = ""] = origin.exec(value) ?? [];
  return patterns.some(
    (pattern) =>
      pattern.scheme === scheme &&
      (pattern.isSuffix ? isBelow(host, pattern.host) : host === pattern.host) &&
      (pattern.port === "*" || pattern.port === port),
  );
}

/** Labels are not empty: `https://.example.com` is nobody's. */
function isBelow(host: string, suffix: string): boolean {
  return (
    host.length > suffix.length && host.endsWith(suffix) && !host.startsWith(".") && !host.includes("..")
  );
}
