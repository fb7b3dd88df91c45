/** What a plugin says of itself, checked: a guest made it. */
import { type ManifestText, type PhaseName, phaseNames } from "../../sdk/runtime/message.ts";
import { type Bounds, pluginLimitBounds } from "../config/bounds.ts";
import { endpointGrantExpected, parseEndpointGrant } from "../config/endpoint-grant.ts";
import type { FetchGrant, Grants, PluginLimits } from "../config/model.ts";
import { parseDuration, parseSize } from "../config/units.ts";
import { parseGrant } from "../sandbox/host/outbound/grant.ts";
import { checkMembers } from "./members.ts";

export interface Manifest {
  readonly description: string | null;
  readonly phases: ReadonlySet<PhaseName>;
  /** Whether it finds endpoints. */
  readonly discovers: boolean;
  /** JSON Schema of its config; null: it takes none. */
  readonly config: object | null;
  readonly capabilities: Grants;
  readonly limits: Partial<PluginLimits>;
  readonly onFailure: "closed" | "open" | null;
  /** How the texts of its functions begin, by name; nothing of them is checked. */
  readonly sources: Readonly<Record<string, unknown>>;
}

/** @throws Error that says what was found */
export function readManifest(value: unknown): Manifest {
  const { description, phases, discovers, config, capabilities, limits, onFailure, members, sources } =
    value as ManifestText;
  const manifest: Manifest = {
    description: typeof description === "string" ? description.slice(0, 1000) : null,
    phases: new Set(phaseNames.filter((phase) => Array.isArray(phases) && phases.includes(phase))),
    discovers: discovers === true,
    config: config === null ? null : asObject(config, "config"),
    capabilities: readCapabilities(capabilities),
    limits: readLimits(limits),
    onFailure: readOnFailure(onFailure),
    sources: asObject(sources, "sources") as Manifest["sources"],
  };
  checkMembers(asObject(members, "members"));
  return manifest;
}

function readCapabilities(value: unknown): Grants {
  const { fetch, kv, cache, identity, env, endpoints, ...others } =
    value === null ? {} : (asObject(value, "capabilities") as Record<string, unknown>);
  const [stranger] = Object.keys(others);
  if (stranger !== undefined)
    throw unexpected(
      `capabilities.${stranger}`,
      "fetch, kv, cache, identity, env or endpoints",
      others[stranger],
    );
  for (const [name, flag] of Object.entries({ kv, cache, identity })) {
    if (flag !== undefined && typeof flag !== "boolean")
      throw unexpected(`capabilities.${name}`, "true or false", flag);
  }
  return {
    fetch: asList(fetch, "capabilities.fetch").map(asFetchGrant),
    kv: kv === true,
    cache: cache === true,
    identity: identity === true,
    env: asList(env, "capabilities.env").map((name) => {
      if (typeof name === "string" && /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)) return name;
      throw unexpected("capabilities.env", "names of environment variables", name);
    }),
    endpoints: asList(endpoints, "capabilities.endpoints").map((place) => {
      if (typeof place === "string" && parseEndpointGrant(place) !== null) return place;
      throw unexpected("capabilities.endpoints", endpointGrantExpected, place);
    }),
  };
}

function asFetchGrant(value: unknown): FetchGrant {
  const grant = readFetchGrant(value);
  try {
    parseGrant(grant);
  } catch (error) {
    throw new Error(`Cannot use capabilities.fetch: ${(error as Error).message}`);
  }
  return grant;
}

function readFetchGrant(value: unknown): FetchGrant {
  if (typeof value === "string") return value;
  const { origin, private: isPrivate } = asObject(value, "capabilities.fetch") as Record<string, unknown>;
  if (typeof origin !== "string") throw unexpected("capabilities.fetch", "origins", value);
  return { origin, private: isPrivate === true };
}

const limitReaders: Readonly<Record<keyof PluginLimits, (value: unknown) => number | null>> = {
  cpu: (value) => quantity(value, parseDuration, pluginLimitBounds.cpu),
  wall: (value) => quantity(value, parseDuration, pluginLimitBounds.wall),
  memory: (value) => quantity(value, parseSize, pluginLimitBounds.memory),
  body: (value) => quantity(value, parseSize, pluginLimitBounds.body),
  fetches: (value) => quantity(value, () => null, pluginLimitBounds.fetches),
  logLines: (value) => quantity(value, () => null, pluginLimitBounds.logLines),
};

/** @throws Error for a limit that does not exist or is out of bounds */
export function readLimits(value: unknown): Partial<PluginLimits> {
  if (value === null || value === undefined) return {};
  const limits: Partial<Record<keyof PluginLimits, number>> = {};
  for (const [name, written] of Object.entries(asObject(value, "limits"))) {
    if (!Object.hasOwn(limitReaders, name)) {
      throw unexpected(`limits.${name}`, `one of ${Object.keys(limitReaders).join(", ")}`, written);
    }
    const limit = limitReaders[name as keyof PluginLimits](written);
    if (limit === null)
      throw unexpected(`limits.${name}`, "a number or a text with a unit, within its bounds", written);
    limits[name as keyof PluginLimits] = limit;
  }
  return limits;
}

function quantity(
  value: unknown,
  parse: (text: string) => number | null,
  { min, max }: Bounds,
): number | null {
  const number = typeof value === "string" ? parse(value) : value;
  return typeof number === "number" && number >= min && number <= max ? number : null;
}

function readOnFailure(value: unknown): "closed" | "open" | null {
  if (value === null || value === "closed" || value === "open") return value;
  throw unexpected("onFailure", '"closed" or "open"', value);
}

function asList(value: unknown, what: string): unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.length <= 1000) return value;
  throw unexpected(what, "a list", value);
}

function asObject(value: unknown, what: string): object {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw unexpected(what, "an object", value);
}

function unexpected(what: string, expected: string, found: unknown): Error {
  const shown = JSON.stringify(found)?.slice(0, 100) ?? String(found);
  return new Error(`Cannot use ${what}: expected ${expected}, found ${shown}`);
}
