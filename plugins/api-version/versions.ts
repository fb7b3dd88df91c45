import type { ConfigOf } from "sluice/sdk";
import { isProxyField } from "../shared/proxy-fields.ts";
import type { schema } from "./config.ts";
import { type Sources, sourcesOf } from "./sources.ts";

export type Config = ConfigOf<typeof schema>;

export interface Version {
  readonly name: string;
  /** Null: that of the route. */
  readonly cluster: string | null;
  /** What stands in the path in the place of what says the version; null: the path stays. */
  readonly path: string | null;
  /** ms since 1970; null: it has none. */
  readonly deprecated: number | null;
  readonly sunset: number | null;
  readonly isRetired: boolean;
  /** Value of Link; null: there is nothing to say. */
  readonly links: string | null;
}

/** A config as its requests need it. */
export interface Rules {
  readonly sources: Sources;
  /** By their names and aliases. */
  readonly versions: ReadonlyMap<string, Version>;
  readonly default: Version | null;
  readonly pinClaim: string;
  readonly pins: readonly Pin[];
  readonly retiresAtSunset: boolean;
}

interface Pin {
  readonly subjects: readonly string[];
  readonly groups: readonly string[];
  readonly version: Version;
}

/** @throws Error for a version that is named and that there is not, and for a name that two have */
export function rulesOf(config: Config): Rules {
  for (const field of [config.header, config.responseHeader]) {
    if (isProxyField(field)) throw new Error(`Cannot use header: ${field} belongs to the proxy`);
  }
  const versions = new Map<string, Version>();
  for (const [name, own] of Object.entries(config.versions)) {
    const version = versionOf(name, own);
    for (const each of [name, ...(own.aliases ?? [])]) {
      if (versions.has(each)) throw new Error(`Cannot use versions: two of them are called ${each}`);
      versions.set(each, version);
    }
  }
  const known = (name: string, where: string): Version => {
    const version = versions.get(name);
    if (version === undefined) throw new Error(`Cannot use ${where}: there is no version ${name}`);
    if (version.isRetired) throw new Error(`Cannot use ${where}: version ${name} is retired`);
    return version;
  };
  return {
    sources: sourcesOf(config.from, (text) => versions.has(text)),
    versions,
    default: config.default === undefined ? null : known(config.default, "default"),
    pinClaim: config.pinClaim,
    pins: config.pins.map(({ subjects = [], groups = [], version }, index) => {
      if (subjects.length + groups.length === 0)
        throw new Error(`Cannot use pins.${index}: it is for nobody`);
      return { subjects, groups, version: known(version, `pins.${index}`) };
    }),
    retiresAtSunset: config.retireAtSunset,
  };
}

function versionOf(name: string, own: Config["versions"][string]): Version {
  if (!/^[A-Za-z0-9._-]{1,50}$/.test(name))
    throw new Error(`Cannot use versions: ${JSON.stringify(name)} is no version`);
  const { cluster = null, path = null, deprecated, sunset, retired, info, successor } = own;
  const times = { deprecated: timeOf(deprecated, name), sunset: timeOf(sunset, name) };
  // RFC 9745 section 4.
  if (times.deprecated !== null && times.sunset !== null && times.sunset < times.deprecated) {
    throw new Error(`Cannot use versions.${name}: its sunset is before it is deprecated`);
  }
  const links = [];
  if (info !== undefined && times.deprecated !== null) links.push(`<${info}>; rel="deprecation"`);
  if (info !== undefined && (times.sunset !== null || retired === true))
    links.push(`<${info}>; rel="sunset"`);
  if (successor !== undefined) links.push(`<${successor}>; rel="successor-version"`);
  return {
    name,
    cluster,
    path,
    ...times,
    isRetired: retired === true,
    links: links.length === 0 ? null : links.join(", "),
  };
}

function timeOf(text: string | undefined, name: string): number | null {
  if (text === undefined) return null;
  const time = Date.parse(text.includes("T") ? text : `${text}T00:00:00Z`);
  // 30 February is the first of March to some.
  if (Number.isNaN(time) || !new Date(time).toISOString().startsWith(text.slice(0, 10))) {
    throw new Error(`Cannot use versions.${name}: ${text} is no date`);
  }
  return time;
}
