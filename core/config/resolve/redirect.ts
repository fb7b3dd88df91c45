import { formatHost, parseHost } from "../address.ts";
import { defaultRedirect } from "../route-defaults.ts";
import type { PathMatch, PathRewrite, RedirectConfig } from "../route-model.ts";
import type { RedirectInFile } from "../schema/answer.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";
import { resolveNewPath, resolveNewPrefix } from "./rewrite.ts";

/** @param matched by the route; null: it is wrong, and was reported */
export function resolveRedirect(
  written: RedirectInFile,
  matched: PathMatch | null,
  path: Path,
  source: ConfigSource,
): RedirectConfig {
  const { scheme = null, port = null } = written;
  const resolved: RedirectConfig = {
    status: (written.status ?? defaultRedirect.status) as RedirectConfig["status"],
    scheme: scheme as RedirectConfig["scheme"],
    host: resolveHost(written.host, [...path, "host"], source),
    port,
    path: resolvePath(written, matched, path, source),
    keepQuery: written.keepQuery ?? defaultRedirect.keepQuery,
  };
  const { host, path: to } = resolved;
  const changes = scheme !== null || host !== null || port !== null || to !== null;
  if (!changes && !source.isFaulty(path)) {
    source.report(
      path,
      "expected another scheme, host, port, path or prefix, found none: the redirect would lead to itself",
    );
  }
  return resolved;
}

function resolveHost(host: string | undefined, path: Path, source: ConfigSource): string | null {
  if (host === undefined) return null;
  const parsed = parseHost(host);
  if (parsed === null) source.expect(path, "a host without port such as example.com or [::1]", host);
  return parsed === null ? null : formatHost(parsed);
}

function resolvePath(
  { path: to, prefix }: RedirectInFile,
  matched: PathMatch | null,
  path: Path,
  source: ConfigSource,
): PathRewrite | null {
  if (to !== undefined && prefix !== undefined) {
    source.reportKey([...path, "prefix"], "expected path or prefix, found both");
  }
  if (to !== undefined) return resolveNewPath(to, matched, [...path, "path"], source);
  return prefix === undefined ? null : resolveNewPrefix(prefix, matched, [...path, "prefix"], source);
}
