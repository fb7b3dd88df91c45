/** As much of a message's fields as is used. */
export interface Fields {
  get(name: string): string | null;
  has(name: string): boolean;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  delete(name: string): void;
  keys(): Iterable<string>;
}

/** What templates and conditions read of an exchange. */
export interface Facts {
  readonly method: string;
  /** Canonical and still escaped. */
  readonly path: string;
  /** Empty, or with its question mark. */
  readonly query: string;
  /** Of the message at hand. */
  readonly headers: Pick<Fields, "get" | "has">;
  /** Of the request. */
  readonly requestHeader: (name: string) => string | null;
  readonly client: { readonly address: string };
  readonly identity: { readonly subject: string; readonly claims: Readonly<Record<string, unknown>> } | null;
  readonly requestId: string;
  /** Of the response; 0 while there is none. */
  readonly status: number;
  /** Segments that the path of the condition named. */
  readonly named: ReadonlyMap<string, string>;
}

export type Reader = (facts: Facts) => string | null;

/**
 * How to read what a template names; null for a name that means nothing.
 *
 * @example
 * readerOf("query.page")!(facts); // "2"
 */
export function readerOf(name: string): Reader | null {
  const dot = name.indexOf(".");
  const group = dot < 0 ? name : name.slice(0, dot);
  const rest = dot < 0 ? "" : name.slice(dot + 1);
  if (rest === "") return plainReaders.get(group) ?? null;
  switch (group) {
    case "header":
      return isToken(rest) ? ({ headers }) => textOf(headers.get(rest)) : null;
    case "request-header":
      return isToken(rest) ? ({ requestHeader }) => textOf(requestHeader(rest.toLowerCase())) : null;
    case "cookie":
      return ({ requestHeader }) => cookieIn(textOf(requestHeader("cookie")), rest);
    case "query":
      return ({ query }) => parameterIn(query, rest);
    case "path":
      return /^[1-9]\d?$/.test(rest)
        ? ({ path }) => decoded(path.split("/")[Number(rest)] || null)
        : ({ named }) => decoded(named.get(rest) ?? null);
    case "identity":
      return identityReader(rest);
    default:
      return name === "client.address" ? ({ client }) => client.address : null;
  }
}

/** The request's fields that reading `name` needs; they are kept for the response. */
export function requestFieldOf(name: string): string | null {
  if (name.startsWith("cookie.")) return "cookie";
  return name.startsWith("request-header.") ? name.slice("request-header.".length).toLowerCase() : null;
}

const plainReaders = new Map<string, Reader>([
  ["method", ({ method }) => method],
  ["status", ({ status }) => (status === 0 ? null : String(status))],
  ["request-id", ({ requestId }) => requestId],
]);

function identityReader(rest: string): Reader | null {
  if (rest === "subject") return ({ identity }) => identity?.subject ?? null;
  if (!rest.startsWith("claims.")) return null;
  const claim = rest.slice("claims.".length);
  return ({ identity }) => {
    if (identity === null || !Object.hasOwn(identity.claims, claim)) return null;
    const value = identity.claims[claim];
    return typeof value === "object" || value === undefined ? null : String(value);
  };
}

export function isToken(name: string): boolean {
  return /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name);
}

/** Fields are bytes; most that are more than ASCII are UTF-8. */
function textOf(value: string | null): string | null {
  if (value === null || /^[\x20-\x7e]*$/.test(value)) return value;
  return new TextDecoder().decode(Uint8Array.from(value, (character) => character.charCodeAt(0) & 255));
}

function cookieIn(field: string | null, name: string): string | null {
  for (const pair of (field ?? "").split(";")) {
    const equals = pair.indexOf("=");
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return null;
}

function parameterIn(query: string, name: string): string | null {
  for (const pair of query.slice(1).split("&")) {
    const equals = pair.indexOf("=");
    const found = equals < 0 ? pair : pair.slice(0, equals);
    if (decodedParameter(found) === name) return equals < 0 ? "" : decodedParameter(pair.slice(equals + 1));
  }
  return null;
}

/** As forms escape it: a plus is a blank. */
export function decodedParameter(text: string): string {
  return decoded(text.replaceAll("+", " "))!;
}

/** What is no escape stands for itself. */
function decoded(text: string | null): string | null {
  if (text === null || !text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
