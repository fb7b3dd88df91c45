/** Where a cluster's endpoints come from. */
import { isIP, isIPv4, isIPv6 } from "node:net";
import { dirname, resolve } from "node:path";
import { isHostName, parseHost, parsePort } from "../address.ts";
import { discoveryEveryBounds } from "../bounds.ts";
import { isPluginName, pluginNameExpected } from "../names.ts";
import type { ConfigFile } from "../schema/schema.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";
import { defaultDiscoveryEvery } from "../traffic-defaults.ts";
import type { DiscoveryConfig } from "../traffic-model.ts";
import { resolveDurations } from "./quantities.ts";

type DiscoveryInFile = NonNullable<NonNullable<ConfigFile["clusters"]>[string]["discovery"]>;

export function resolveDiscovery(
  discovery: DiscoveryInFile | undefined,
  path: Path,
  source: ConfigSource,
): DiscoveryConfig | null {
  if (discovery === undefined) return null;
  const { dns, srv, file: list, consul, kubernetes, plugin } = discovery;
  const kinds = Object.keys(discovery).filter((key) => !["every", "config", "resolvers"].includes(key));
  if (kinds.length !== 1 && !source.isFaulty(path)) {
    const found = kinds.length === 0 ? "none" : kinds.join(" and ");
    source.report(path, `expected one of dns, srv, file, consul, kubernetes and plugin, found ${found}`);
  }
  const servers = resolveNameServers(discovery, path, source);
  if (plugin !== undefined) return resolvePlugin(plugin, discovery, path, source);
  for (const key of ["every", "config"] as const) {
    if (discovery[key] !== undefined) source.reportKey([...path, key], `expected ${key} only beside plugin`);
  }
  if (dns !== undefined) return { ...resolveDns(dns, [...path, "dns"], source), ...servers };
  if (srv !== undefined) return { ...resolveSrv(srv, [...path, "srv"], source), ...servers };
  if (list !== undefined) {
    // It may be written later: a source that fails is tried again.
    return { kind: "file", path: resolve(dirname(source.file), list) };
  }
  if (consul !== undefined) {
    const { url = "http://127.0.0.1:8500", service, tag, datacenter, token } = consul;
    const place = [...path, "consul"];
    checkUrl(url, [...place, "url"], source);
    return {
      kind: "consul",
      url,
      service,
      tag: tag ?? null,
      datacenter: datacenter ?? null,
      token: token ?? null,
    };
  }
  if (kubernetes === undefined) return null;
  const { service, namespace = "default", port, url, tokenFile, caFile } = kubernetes;
  if (url !== undefined) checkUrl(url, [...path, "kubernetes", "url"], source);
  const file = (name: string | undefined) =>
    name === undefined ? null : resolve(dirname(source.file), name);
  return {
    kind: "kubernetes",
    service,
    namespace,
    port,
    url: url ?? null,
    tokenFile: file(tokenFile),
    caFile: file(caFile),
  };
}

/** Addresses, because nobody could look up their names. */
function resolveNameServers(
  { dns, srv, resolvers }: DiscoveryInFile,
  path: Path,
  source: ConfigSource,
): { readonly resolvers?: readonly string[] } {
  if (resolvers === undefined) return {};
  if (dns === undefined && srv === undefined)
    source.reportKey([...path, "resolvers"], "expected resolvers only beside dns or srv");
  for (const [index, text] of resolvers.entries()) {
    if (!isNameServer(text)) {
      const expected = 'the address of a name server such as "10.0.0.2", "10.0.0.2:5353" or "[fd00::2]:53"';
      source.expect([...path, "resolvers", index], expected, text);
    }
  }
  return { resolvers };
}

function isNameServer(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const [, six, four, port = ""] = /^(?:\[(.*)\]|([0-9.]+)):([0-9]+)$/.exec(text) ?? [];
  return (isIPv6(six ?? "") || isIPv4(four ?? "")) && (parsePort(port) ?? 0) > 0;
}

/** Whether there is such a plugin is not known yet. */
function resolvePlugin(
  plugin: string,
  discovery: DiscoveryInFile,
  path: Path,
  source: ConfigSource,
): DiscoveryConfig {
  if (!isPluginName(plugin)) source.expect([...path, "plugin"], pluginNameExpected, plugin);
  const defaults = { every: defaultDiscoveryEvery };
  const { every } = resolveDurations(discovery, defaults, () => discoveryEveryBounds, path, source);
  return { kind: "plugin", plugin, every, config: discovery.config ?? null };
}

function resolveDns(text: string, path: Path, source: ConfigSource): DiscoveryConfig {
  const [, written = "", port = ""] = /^(.*):([0-9]+)$/.exec(text) ?? [];
  const host = parseHost(written);
  const number = parsePort(port);
  if (host === null || number === null || number === 0) {
    source.expect(path, 'a host and port such as "api.internal:80"', text);
  }
  return { kind: "dns", host: host ?? written, port: number ?? 0 };
}

/** Names of services begin with an underscore (RFC 2782), which no host name does. */
function resolveSrv(text: string, path: Path, source: ConfigSource): DiscoveryConfig {
  if (!isHostName(text.replaceAll(/(^|\.)_/g, "$1"))) {
    source.expect(path, 'the name of SRV records such as "_http._tcp.api.internal"', text);
  }
  return { kind: "srv", name: text };
}

function checkUrl(text: string, path: Path, source: ConfigSource): void {
  if (!/^https?:\/\/[^/?#\s]+(\/[^?#\s]*)?$/.test(text)) {
    source.expect(path, 'a URL such as "http://127.0.0.1:8500"', text);
  }
}
