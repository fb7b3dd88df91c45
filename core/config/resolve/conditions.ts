/** Conditions on the fields, the query and the cookies of a request. */
import { isToken } from "../names.ts";
import type { ValueMatch } from "../route-model.ts";
import type { ConditionsInFile } from "../schema/match.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";

type Resolve = (
  written: ConditionsInFile | undefined,
  path: Path,
  source: ConfigSource,
) => readonly ValueMatch[];

/** By names in lower case, each of them once. */
export const resolveHeaders: Resolve = (written = {}, path, source) => {
  const names = new Set<string>();
  const resolved = Object.entries(written).map(([key, value]) => {
    const name = key.toLowerCase();
    if (!isToken(name))
      source.reportKey([...path, key], `expected a field name, found ${JSON.stringify(key)}`);
    else if (name === "host")
      source.reportKey([...path, key], 'expected the key "host" of the route, found a header');
    else if (names.has(name))
      source.reportKey([...path, key], `expected each field once, found ${name} again`);
    names.add(name);
    return { name, value: resolveValue(value) };
  });
  return resolved.sort(byName);
};

export const resolveCookies: Resolve = (written = {}, path, source) => {
  const resolved = Object.entries(written).map(([name, value]) => {
    if (!isToken(name))
      source.reportKey([...path, name], `expected the name of a cookie, found ${JSON.stringify(name)}`);
    return { name, value: resolveValue(value) };
  });
  return resolved.sort(byName);
};

/** Names and values are compared after decoding, so they may be any text. */
export const resolveQuery: Resolve = (written = {}) =>
  Object.entries(written)
    .map(([name, value]) => ({ name, value: resolveValue(value) }))
    .sort(byName);

/** In a form that is the same for the same meaning: routes with the same match are reported. */
function resolveValue(written: ConditionsInFile[string]): ValueMatch["value"] {
  if (written === true) return null;
  if (typeof written === "string" || "prefix" in written) return written;
  const values = [...new Set(written.oneOf)].sort();
  return values.length === 1 ? values[0]! : { oneOf: values };
}

function byName(a: ValueMatch, b: ValueMatch): number {
  return a.name < b.name ? -1 : 1;
}
