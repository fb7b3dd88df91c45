/**
 * Where the components stand in the text of a URL that the host has parsed. The text alone tells:
 * the serializer leaves `#`, `?`, `/`, `@` and `:` nowhere but where they separate (URL Standard, section 4.5).
 */
export interface UrlParts {
  /** After the colon of the scheme. */
  readonly schemeEnd: number;
  /** After `//`, or where the path begins when there is no authority. */
  readonly authority: number;
  /** Where the host begins, after `@`. */
  readonly host: number;
  /** Before the port's colon, or the end of the host. */
  readonly hostEnd: number;
  readonly path: number;
  readonly query: number;
  readonly hash: number;
}

/**
 * @param href as the URL serializer writes it
 * @example
 * locateParts("http://a:8/b"); // path 10, hostEnd 8
 */
export function locateParts(href: string): UrlParts {
  const schemeEnd = href.indexOf(":") + 1;
  const hash = indexOrEnd(href, "#", schemeEnd, href.length);
  const query = indexOrEnd(href, "?", schemeEnd, hash);
  if (!href.startsWith("//", schemeEnd)) {
    const path = schemeEnd + (hasPathMark(href, schemeEnd) ? 2 : 0);
    return { schemeEnd, authority: path, host: path, hostEnd: path, path, query, hash };
  }
  const authority = schemeEnd + 2;
  const path = indexOrEnd(href, "/", authority, query);
  const at = indexOrEnd(href, "@", authority, path);
  const host = at === path ? authority : at + 1;
  const address = href[host] === "[" ? href.indexOf("]", host) : host;
  return { schemeEnd, authority, host, hostEnd: indexOrEnd(href, ":", address, path), path, query, hash };
}

/** A path that begins with `//` where no host is gets `/.` before it; no other path has a dot segment. */
function hasPathMark(href: string, start: number): boolean {
  return href.startsWith("/.//", start);
}

function indexOrEnd(text: string, mark: string, start: number, end: number): number {
  const found = text.indexOf(mark, start);
  return found < 0 || found > end ? end : found;
}
