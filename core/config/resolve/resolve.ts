import { addressExpected, parseAddress } from "../address.ts";
import { delayBounds, limitBounds, timeoutBounds } from "../bounds.ts";
import {
  defaultAccessLog,
  defaultAdminAddress,
  defaultLimits,
  defaultLog,
  defaultTimeouts,
  defaultWorkers,
} from "../defaults.ts";
import type { Address, Config, Limits, Timeouts } from "../model.ts";
import { resolveWorkers } from "../overrides.ts";
import type { ConfigFile } from "../schema/schema.ts";
import type { ConfigSource } from "../source/source.ts";
import { defaultShedding } from "../traffic-defaults.ts";
import { resolveCache } from "./cache.ts";
import { resolveClusters } from "./clusters.ts";
import { resolveForwarding } from "./forwarding.ts";
import { resolveListeners } from "./listeners.ts";
import { resolvePlugins } from "./plugins.ts";
import { resolveDurations, resolveSizes } from "./quantities.ts";
import { resolveRoutes } from "./routes.ts";
import { resolveStores } from "./stores.ts";

/**
 * The effective configuration of a file whose shape is right. What is wrong in its meaning is reported to
 * the source; the result is to be used only when nothing was.
 *
 * @param clusters every name that a route may point to
 */
export function resolveConfig(file: ConfigFile, clusters: readonly string[], source: ConfigSource): Config {
  const admin = resolveAdmin(file, source);
  return {
    listeners: resolveListeners(file.listeners, admin, source),
    clusters: resolveClusters(file.clusters, source),
    routes: resolveRoutes(file.routes, clusters, source),
    limits: resolveLimits(file, source),
    timeouts: resolveTimeouts(file, source),
    forwarding: resolveForwarding(file, source),
    shedding: resolveShedding(file, source),
    admin,
    accessLog: { enabled: file.accessLog ?? defaultAccessLog.enabled },
    log: { level: file.log?.level ?? defaultLog.level, pretty: file.log?.pretty ?? defaultLog.pretty },
    workers: resolveWorkers(file.workers ?? defaultWorkers),
    plugins: resolvePlugins(file.plugins, source),
    cache: resolveCache(file, source),
    stores: resolveStores(file.stores, source),
  };
}

function resolveLimits(file: ConfigFile, source: ConfigSource): Limits {
  const { startLine, head, fields, trailers, chunkExtensions, requestBody } = defaultLimits;
  const defaults = { startLine, head, fields, trailers, chunkExtensions, requestBody };
  const isCount = (key: keyof Limits) => key === "fields";
  const limits = resolveSizes(file.limits, defaults, (key) => limitBounds[key], isCount, ["limits"], source);
  if (limits.startLine > limits.head) {
    source.report(
      ["limits", file.limits?.startLine === undefined ? "head" : "startLine"],
      `expected startLine to fit into head, found ${limits.startLine} and ${limits.head} bytes`,
    );
  }
  return limits;
}

function resolveTimeouts(file: ConfigFile, source: ConfigSource): Timeouts {
  const { head, bodyIdle, keepAlive, writeIdle, tunnelIdle, drainDelay, drainTimeout } = defaultTimeouts;
  const defaults = { head, bodyIdle, keepAlive, writeIdle, tunnelIdle, drainDelay, drainTimeout };
  const boundsOf = (key: keyof Timeouts) => (key.startsWith("drain") ? delayBounds : timeoutBounds);
  return resolveDurations(file.timeouts, defaults, boundsOf, ["timeouts"], source);
}

function resolveShedding({ shedding }: ConfigFile, source: ConfigSource): Config["shedding"] {
  if (shedding === undefined) return null;
  const { begins, full } = defaultShedding;
  const path = ["shedding"];
  const resolved = resolveDurations(shedding, { begins, full }, () => timeoutBounds, path, source);
  if (resolved.begins >= resolved.full) {
    const found = `${resolved.begins} and ${resolved.full} ms`;
    source.report(["shedding", "begins"], `expected begins to be less than full, found ${found}`);
  }
  return resolved;
}

function resolveAdmin({ admin }: ConfigFile, source: ConfigSource): Address | null {
  if (admin === false) return null;
  const text = admin?.address ?? defaultAdminAddress;
  const address = parseAddress(text);
  if (address === null) source.expect(["admin", "address"], addressExpected, text);
  return address;
}
