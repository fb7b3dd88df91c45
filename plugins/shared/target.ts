/**
 * Path and query of an absolute URL without a fragment, as they stand there.
 *
 * @example
 * targetOf("http://a/b%2Fc?d=1"); // { path: "/b%2Fc", query: "?d=1" }
 */
export function targetOf(url: string): { path: string; query: string } {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const mark = url.indexOf("?", start);
  return mark < 0
    ? { path: url.slice(start), query: "" }
    : { path: url.slice(start, mark), query: url.slice(mark) };
}
