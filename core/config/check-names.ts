/** Names in the file that must be of some form, or be there; what is wrong with them is reported to the source. */
import { isToken } from "./names.ts";
import type { ConfigSource } from "./source/source.ts";
import type { Path } from "./source/value-path.ts";
import { didYouMean } from "./suggest.ts";

/** Names of fields and of cookies are tokens (RFC 9110 section 5.1, RFC 6265 section 4.1.1). */
export function tokenAt(text: string, path: Path, source: ConfigSource): string {
  if (!isToken(text)) source.expect(path, 'a name such as "x-user"', text);
  return text;
}

/** The Path of a cookie: what could end the attribute must not be in it (RFC 6265 section 4.1.1). */
export function cookiePathAt(text: string, path: Path, source: ConfigSource): string {
  if (!/^\/[\x21-\x3a\x3c-\x7e]*$/.test(text)) source.expect(path, 'a path such as "/app"', text);
  return text;
}

/** @param clusters every name that there is */
export function clusterAt(
  name: string,
  clusters: readonly string[],
  path: Path,
  source: ConfigSource,
): string {
  if (!clusters.includes(name)) source.expect(path, nameOfOne(clusters), name, didYouMean(name, clusters));
  return name;
}

/** The same for a key of a map. */
export function clusterKeyAt(
  name: string,
  clusters: readonly string[],
  path: Path,
  source: ConfigSource,
): void {
  if (clusters.includes(name)) return;
  const found = `${JSON.stringify(name)}${didYouMean(name, clusters)}`;
  source.reportKey(path, `expected ${nameOfOne(clusters)}, found ${found}`);
}

function nameOfOne(clusters: readonly string[]): string {
  return `the name of a cluster${clusters.length === 0 ? "" : `, one of ${clusters.slice(0, 10).join(", ")}`}`;
}
