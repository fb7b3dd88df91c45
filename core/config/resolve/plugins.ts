import { dirname, isAbsolute, join, resolve } from "node:path";
import { parseHost, parsePort } from "../address.ts";
import { pluginLimitBounds } from "../bounds.ts";
import { defaultMaxPluginLimits, defaultPluginLimits, defaultPlugins } from "../defaults.ts";
import { endpointGrantExpected, parseEndpointGrant } from "../endpoint-grant.ts";
import type { FetchGrant, Grants, PluginLimits, PluginSettings, PluginsConfig } from "../model.ts";
import { isPluginName, isVariableName, pluginNameExpected } from "../names.ts";
import type { PluginsInFile } from "../schema/plugins.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";
import { resolveDurations, resolveSizes } from "./quantities.ts";

type SettingsInFile = NonNullable<PluginsInFile["settings"]>[string];
type LimitsInFile = NonNullable<PluginsInFile["maxLimits"]>;
type Timed = "cpu" | "wall";
type Sized = Exclude<keyof PluginLimits, Timed>;
type GrantsInFile = NonNullable<SettingsInFile["grants"]>;

const originExpected =
  'an origin such as "https://api.example.com", "https://*.example.com" or "http://localhost:*"';

/** The section `plugins`; what is wrong with it is reported to the source. */
export function resolvePlugins(written: PluginsInFile | undefined, source: ConfigSource): PluginsConfig {
  if (written === undefined) return defaultPlugins;
  const { directory, state, maxLimits, settings = {} } = written;
  return {
    directory: directory === undefined ? null : besideFile(directory, source),
    state: state === undefined ? null : resolve(dirname(source.file), state),
    grantDeclared: false,
    maxLimits: resolveLimits(maxLimits, defaultMaxPluginLimits, ["plugins", "maxLimits"], source),
    settings: Object.fromEntries(
      Object.entries(settings).map(([name, plugin]) => {
        const path = ["plugins", "settings", name];
        if (!isPluginName(name))
          source.reportKey(path, `expected ${pluginNameExpected}, found ${JSON.stringify(name)}`);
        return [name, resolveSettings(plugin, path, source)];
      }),
    ),
  };
}

/** Short where the file is named in short: it stands before every message about a plugin. */
function besideFile(folder: string, source: ConfigSource): string {
  return isAbsolute(folder) ? folder : join(dirname(source.file), folder);
}

function resolveSettings(settings: SettingsInFile, path: Path, source: ConfigSource): PluginSettings {
  const { config = null, onFailure = null } = settings;
  return {
    engine: resolveEngine(settings, path, source),
    config,
    limits: resolveGivenLimits(settings.limits, [...path, "limits"], source),
    grants: resolveGrants(settings.grants ?? {}, [...path, "grants"], source),
    onFailure,
  };
}

function resolveEngine(
  { engine, trusted }: SettingsInFile,
  path: Path,
  source: ConfigSource,
): PluginSettings["engine"] {
  if (trusted === undefined || engine === undefined) return trusted ? "inline" : (engine ?? null);
  if (trusted !== (engine === "inline")) {
    source.report(
      [...path, "trusted"],
      `expected trusted: ${!trusted} beside engine: ${engine}, found ${trusted}`,
    );
  }
  return engine;
}

/** Only what is written: the plugin's own limits stand between these and the defaults. */
function resolveGivenLimits(
  written: LimitsInFile | undefined,
  path: Path,
  source: ConfigSource,
): Partial<PluginLimits> {
  const all = resolveLimits(written, defaultPluginLimits, path, source);
  const names = Object.keys(written ?? {}) as (keyof PluginLimits)[];
  return Object.fromEntries(names.map((name) => [name, all[name]]));
}

function resolveLimits(
  written: LimitsInFile | undefined,
  defaults: PluginLimits,
  path: Path,
  source: ConfigSource,
): PluginLimits {
  const { cpu, wall, memory, body, fetches, logLines } = defaults;
  const boundsOf = (key: keyof PluginLimits) => pluginLimitBounds[key];
  const isCount = (key: keyof PluginLimits) => key === "fetches" || key === "logLines";
  return {
    ...resolveDurations<Timed>(written, { cpu, wall }, boundsOf, path, source),
    ...resolveSizes<Sized>(written, { memory, body, fetches, logLines }, boundsOf, isCount, path, source),
  };
}

function resolveGrants(
  { fetch = [], kv = false, cache = false, identity = false, env = [], endpoints = [] }: GrantsInFile,
  path: Path,
  source: ConfigSource,
): Grants {
  env.forEach((name, index) => {
    if (!isVariableName(name)) source.expect([...path, "env", index], "the name of a variable", name);
  });
  endpoints.forEach((place, index) => {
    if (parseEndpointGrant(place) === null)
      source.expect([...path, "endpoints", index], endpointGrantExpected, place);
  });
  return {
    fetch: fetch.map((grant, index) => resolveFetch(grant, [...path, "fetch", index], source)),
    kv,
    cache,
    identity,
    env,
    endpoints,
  };
}

function resolveFetch(
  grant: NonNullable<GrantsInFile["fetch"]>[number],
  path: Path,
  source: ConfigSource,
): FetchGrant {
  const isText = typeof grant === "string";
  const origin = isText ? grant : grant.origin;
  if (!isOriginPattern(origin)) source.expect(isText ? path : [...path, "origin"], originExpected, origin);
  return isText ? grant : { origin, private: grant.private ?? false };
}

/** Scheme, host, and a port or `*`; nothing after it. `*.` stands for the names below. */
function isOriginPattern(text: string): boolean {
  const [, wildcard, host, port] =
    /^https?:\/\/(\*\.)?(\[[^\]]*\]|[^:/?#@[\]]+)(?::([0-9]+|\*))?\/?$/i.exec(text) ?? [];
  if (host === undefined || parseHost(host) === null) return false;
  if (wildcard !== undefined && /^[0-9.]+$|^\[/.test(host)) return false;
  return port === undefined || port === "*" || (parsePort(port) ?? 0) > 0;
}
