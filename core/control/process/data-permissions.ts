import { isIP } from "node:net";
import { resolve } from "node:path";
import { formatAddress } from "../../config/address.ts";
import { usesPlugins } from "../../config/built-in-plugins.ts";
import type { Address, ClusterConfig, Config, FetchGrant, ListenerConfig } from "../../config/model.ts";
import { parseGrant } from "../../sandbox/host/outbound/grant.ts";
import { codeFolders } from "./installation.ts";
import type { Permissions, Scope } from "./permissions.ts";
import { watchedFolders } from "./watched-folders.ts";

/**
 * What the data process needs for a config, and nothing else: it runs no program, and writes nothing but its
 * Unix sockets and what the cache keeps on disk.
 *
 * A name to connect to is enough for an endpoint. What looks a name up itself needs every address that the name may
 * have, so a listener on a name, or a plugin that may fetch from one, has the whole network; `localhost` aside. What
 * plugins may reach of it stays bounded by their grants.
 *
 * @example
 * permissionFlags(dataPermissions(config)); // ["--allow-net=127.0.0.1:8080,app.internal:3000", ...]
 */
export function dataPermissions(config: Config): Permissions {
  const { listeners, clusters, cache } = config;
  const disk = cache.disk === null ? [] : [cache.disk.path];
  const stores = config.stores.map(({ redis }) => redis);
  const servers = [...endpointsOf(clusters), ...stores.map(({ address }) => address)];
  const sockets = socketPaths([...listeners.map(({ address }) => address), ...servers]);
  return {
    net: union([
      ...listeners.map(({ address }) => toListen(address)),
      servers.map(inNet),
      // Where the endpoints will be nobody knows yet.
      ...clusters.map(({ discovery }) => (discovery === null ? [] : null)),
      ...fetchGrants(config).map(toFetch),
    ]),
    read: [
      ...codeFolders(),
      ...certificateFolders(listeners),
      ...trustFiles([...clusters, ...stores]),
      ...sockets,
      ...disk,
    ],
    write: [...sockets, ...disk],
    env: variables(config),
    // The log's library asks for it when it is loaded.
    // And who owns the folder of the cache has to be this user.
    sys: ["hostname", ...(disk.length > 0 ? ["uid"] : [])],
    run: [],
  };
}

/** What listening on an address takes: the address that the system finds for a name is bound, not the name. */
export function toListen(address: Address): Scope {
  if ("path" in address || isIP(address.host) !== 0) return [inNet(address)];
  return address.host === "localhost" ? atLocalhost(address.port) : null;
}

/** Unix sockets, whose files are made, found and removed. */
export function socketPaths(addresses: readonly Address[]): string[] {
  return addresses.flatMap((address) => ("path" in address ? [resolve(address.path)] : []));
}

function inNet(address: Address): string {
  return formatAddress("path" in address ? { path: resolve(address.path) } : address);
}

/** Scopes that have everything are all of it. */
export function union(scopes: readonly Scope[]): Scope {
  return scopes.includes(null) ? null : scopes.flatMap((scope) => scope ?? []);
}

/** Null: every origin, as plugins declare them and nobody knows yet which. */
function fetchGrants(config: Config): readonly (FetchGrant | null)[] {
  if (!usesPlugins(config)) return [];
  const { plugins } = config;
  if (plugins.grantDeclared) return [null];
  return Object.values(plugins.settings).flatMap(({ grants }) => grants.fetch);
}

function toFetch(config: FetchGrant | null): Scope {
  if (config === null) return null;
  const { host, below, port } = parseGrant(config);
  // Before the connection it is looked up, and that is no matter of a port.
  if (host === "localhost" && !below) return ["localhost", ...atLocalhost(port)];
  const isAddress = host.startsWith("[") || isIP(host) !== 0;
  return isAddress ? [withPort(host, port)] : null;
}

function atLocalhost(port: number | null): string[] {
  return ["localhost", "127.0.0.1", "[::1]"].map((host) => withPort(host, port));
}

function withPort(host: string, port: number | null): string {
  return port === null ? host : `${host}:${port}`;
}

function endpointsOf(clusters: readonly ClusterConfig[]): Address[] {
  return clusters.flatMap(({ endpoints }) => endpoints.map(({ address }) => address));
}

function certificateFolders(listeners: readonly ListenerConfig[]): string[] {
  return listeners.flatMap(({ tls }) => {
    const files = tls?.certificates.flatMap(({ cert, key }) => [cert, key]) ?? [];
    return [...files, ...(tls?.clientCa ? [tls.clientCa] : [])].flatMap(watchedFolders);
  });
}

function trustFiles(servers: readonly Pick<ClusterConfig, "tls">[]): string[] {
  const files = servers.flatMap(({ tls }) => [tls?.ca, tls?.cert, tls?.key]);
  return files.filter((file) => file !== null && file !== undefined).map((file) => resolve(file));
}

function variables(config: Config): Scope {
  if (!usesPlugins(config)) return [];
  const { plugins } = config;
  if (plugins.grantDeclared) return null;
  return Object.values(plugins.settings).flatMap(({ grants }) => grants.env);
}
