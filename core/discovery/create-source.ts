import type { DiscoveryConfig } from "../config/traffic-model.ts";
import { consulSource } from "./consul/source.ts";
import { dnsSource } from "./dns/dns-source.ts";
import { srvSource } from "./dns/srv-source.ts";
import { fileSource } from "./file-source.ts";
import { kubernetesSource } from "./kubernetes/source.ts";
import { type DiscoverySource, type SourceOptions, settingOf } from "./source.ts";

/** What a source can be made of here; a plugin is asked where its guests live. */
export type SourceConfig = Exclude<DiscoveryConfig, { kind: "plugin" }>;

/**
 * The source of a config, not yet started. While it runs, what fails is tried again after 0.5 to 1 s, then twice
 * as long, up to a minute, and the endpoints told before stay.
 *
 * @example
 * const source = createSource({ kind: "dns", host: "api.internal", port: 80 });
 * source.start({ onEndpoints: (list) => use(list), onProblem: (message) => log.warn({}, message) });
 */
export function createSource(config: SourceConfig, options: SourceOptions = {}): DiscoverySource {
  const servers = "resolvers" in config ? config.resolvers : undefined;
  const setting = settingOf(servers === undefined ? options : { ...options, dnsServers: servers });
  switch (config.kind) {
    case "dns":
      return dnsSource(config, setting);
    case "srv":
      return srvSource(config, setting);
    case "file":
      return fileSource(config, setting);
    case "consul":
      return consulSource(config, setting);
    case "kubernetes":
      return kubernetesSource(config, setting);
  }
}
