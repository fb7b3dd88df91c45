/** Names decoded, values not. */
export type Query = readonly (readonly [name: string, value: string])[];

let last: { readonly url: string; readonly query: Query } = { url: "", query: [] };

/**
 * The pairs of a URL's query. A name that cannot be decoded is nobody's.
 *
 * @example
 * queryOf("https://a.test/?a%62=%31&c"); // [["ab", "%31"], ["c", ""]]
 */
export function queryOf(url: string): Query {
  // Each parameter of a request asks for it.
  if (last.url !== url) last = { url, query: pairsIn(url) };
  return last.query;
}

function pairsIn(url: string): Query {
  const begin = url.indexOf("?");
  if (begin < 0) return [];
  return url
    .slice(begin + 1)
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const equals = pair.indexOf("=");
      const name = equals < 0 ? pair : pair.slice(0, equals);
      return [decodedName(name), equals < 0 ? "" : pair.slice(equals + 1)] as const;
    });
}

function decodedName(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    return name;
  }
}
