import { formatHost } from "../config/address.ts";
import { hideUserInfo } from "../config/source/hide-user-info.ts";
import type { DiscoveryConfig } from "../config/traffic-model.ts";

/**
 * A source in a few words, for lines of the log. It holds no secret.
 *
 * @example
 * describe({ kind: "dns", host: "api.internal", port: 80 }); // "dns api.internal:80"
 */
export function describe(config: DiscoveryConfig): string {
  switch (config.kind) {
    case "dns":
      return `dns ${formatHost(config.host)}:${config.port}${askedOf(config)}`;
    case "srv":
      return `srv ${config.name}${askedOf(config)}`;
    case "file":
      return `file ${config.path}`;
    case "consul": {
      const tag = config.tag === null ? "" : ` tag ${config.tag}`;
      const datacenter = config.datacenter === null ? "" : ` in ${config.datacenter}`;
      return `consul ${config.service}${tag}${datacenter} at ${hideUserInfo(config.url)}`;
    }
    case "kubernetes":
      return `kubernetes ${config.namespace}/${config.service}:${config.port}`;
    case "plugin":
      return `plugin ${config.plugin}`;
  }
}

function askedOf({ resolvers }: { readonly resolvers?: readonly string[] }): string {
  return resolvers === undefined ? "" : ` of ${resolvers.join(", ")}`;
}
