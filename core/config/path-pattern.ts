import type { PathMatch } from "./route-model.ts";
import type { ConfigFile } from "./schema/schema.ts";

export type PathInFile = NonNullable<NonNullable<ConfigFile["routes"]>[number]["path"]>;

/** Characters that a request path may hold unescaped: those of RFC 3986 section 3.3, and those browsers send. */
const pathText = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/[\]{}|^`]|%[0-9A-F]{2})*$/;

/** `A-Z a-z 0-9 - . _ ~` written as an escape: request paths arrive with these decoded. */
const needlessEscape = /%(?:2[DE]|3[0-9]|4[1-9A-F]|5[0-9A]|5F|6[1-9A-F]|7[0-9A]|7E)/;

/**
 * The pattern that a route's `path` means, or what is wrong with it. A text is a prefix, or a template when it
 * holds braces.
 *
 * Patterns are compared with canonical request paths, so one that is not canonical could never match; it is
 * refused with the form to write instead.
 *
 * @example
 * parsePathMatch("/users/{id}"); // { kind: "template", value: "/users/{id}" }
 */
export function parsePathMatch(written: PathInFile): PathMatch | { readonly fault: string } {
  const pattern = patternOf(written);
  const fault =
    textFault(pattern.value) ?? (pattern.kind === "template" ? templateFault(pattern.value) : null);
  if (fault !== null) return { fault };
  return pattern.kind === "prefix" ? { kind: "prefix", value: withoutLastSlash(pattern.value) } : pattern;
}

function patternOf(written: PathInFile): PathMatch {
  if (typeof written === "string")
    return { kind: /[{}]/.test(written) ? "template" : "prefix", value: written };
  if ("exact" in written) return { kind: "exact", value: written.exact };
  if ("prefix" in written) return { kind: "prefix", value: written.prefix };
  return { kind: "template", value: written.template };
}

function textFault(path: string): string | null {
  if (!path.startsWith("/")) return "a path that starts with /";
  if (/[?#]/.test(path)) return "a path without query or fragment";
  if (path.split("/").some((segment) => segment === "." || segment === ".."))
    return "a path without . and .. segments";
  if (!pathText.test(path)) return `the escaped form ${escaped(path)}`;
  const needless = needlessEscape.exec(path)?.[0];
  return needless === undefined ? null : `${decodeURIComponent(needless)} instead of ${needless}`;
}

/** The path with what needs an escape escaped, and its escapes in upper case. */
function escaped(path: string): string {
  const upper = path.toWellFormed().replace(/%[0-9A-Fa-f]{2}/g, (triplet) => triplet.toUpperCase());
  return upper.replace(/%(?![0-9A-F]{2})|[^\x21-\x7e]|["<>\\]/gu, (character) =>
    encodeURIComponent(character),
  );
}

function templateFault(template: string): string | null {
  const names = new Set<string>();
  for (const segment of template.split("/")) {
    if (!/[{}]/.test(segment)) continue;
    const name = /^\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(segment)?.[1];
    if (name === undefined) return segmentFault(segment);
    if (names.has(name)) return `each name once in a template, not {${name}} again`;
    names.add(name);
  }
  return names.size === 0 ? "at least one {name} in a template" : null;
}

/** The names in a template that is right. */
export function templateNames(template: string): string[] {
  return [...template.matchAll(/\{([^}]*)\}/g)].map(([, name]) => name!);
}

function segmentFault(segment: string): string {
  const opening = segment.split("{").length;
  const closing = segment.split("}").length;
  if (opening > closing) return `a closing brace in "${segment}"`;
  if (opening < closing) return `an opening brace in "${segment}"`;
  return `a whole segment such as {id} instead of "${segment}"`;
}

/** `/a/` as a prefix means the segments of `/a`. */
function withoutLastSlash(prefix: string): string {
  return /[^/]\/$/.test(prefix) ? prefix.slice(0, -1) : prefix;
}
