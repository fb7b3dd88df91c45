/** The path that takes the place of a request's own, upstream or in a redirect. */
import { parsePathMatch, templateNames } from "../path-pattern.ts";
import type { PathMatch, PathRewrite } from "../route-model.ts";
import type { RewriteInFile } from "../schema/answer.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";

/**
 * @param matched by the route; null: it is wrong, and was reported
 */
export function resolveRewrite(
  written: RewriteInFile,
  matched: PathMatch | null,
  path: Path,
  source: ConfigSource,
): PathRewrite {
  return "prefix" in written
    ? resolveNewPrefix(written.prefix, matched, [...path, "prefix"], source)
    : resolveNewPath(written.path, matched, [...path, "path"], source);
}

export function resolveNewPrefix(
  prefix: string,
  matched: PathMatch | null,
  path: Path,
  source: ConfigSource,
): PathRewrite {
  const parsed = parsePathMatch({ prefix });
  reportFault("fault" in parsed ? parsed.fault : doubleSlash(prefix), prefix, path, source);
  if (matched !== null && matched.kind !== "prefix") {
    source.report(
      path,
      `expected a route whose path is a prefix beside prefix, found the ${matched.kind} path ${matched.value}`,
    );
  }
  return { kind: "prefix", value: "value" in parsed ? parsed.value : prefix };
}

export function resolveNewPath(
  written: string,
  matched: PathMatch | null,
  path: Path,
  source: ConfigSource,
): PathRewrite {
  const kind = /[{}]/.test(written) ? "template" : "exact";
  const parsed = parsePathMatch(kind === "template" ? { template: written } : { exact: written });
  const fault = "fault" in parsed ? parsed.fault : doubleSlash(written);
  reportFault(fault, written, path, source);
  if (fault !== null || matched === null || kind === "exact") return { kind, value: written };
  const known = matched.kind === "template" ? templateNames(matched.value) : [];
  for (const name of templateNames(written)) {
    if (known.includes(name)) continue;
    const names = known.length === 0 ? "none" : known.map((one) => `{${one}}`).join(", ");
    source.report(path, `expected names of the route's path (it has ${names}), found {${name}}`);
  }
  return { kind, value: written };
}

function reportFault(fault: string | null, found: string, path: Path, source: ConfigSource): void {
  if (fault !== null) source.expect(path, fault, found);
}

/** Where a reference begins with //, a host follows (RFC 3986 section 4.2). */
function doubleSlash(path: string): string | null {
  return path.startsWith("//") ? "a path that starts with one /" : null;
}
