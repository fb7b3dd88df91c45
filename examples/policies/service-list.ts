/** Finds a cluster's endpoints in a list that another service keeps, for registries that the proxy does not know. */
import { definePlugin } from "sluice/sdk";

const registry = "https://registry.internal";

interface Instance {
  readonly ip: string;
  readonly port: number;
  readonly rack?: string;
  readonly state: "up" | "leaving";
}

export default definePlugin({
  description: "Asks registry.internal for the instances of a service",
  capabilities: { fetch: [registry], endpoints: ["10.0.0.0/8"] },
  config: {
    type: "object",
    properties: {
      /** Default: the name of the cluster. */
      service: { type: "string" },
    },
    additionalProperties: false,
  },

  async discover(config, host) {
    const service = encodeURIComponent(config.service ?? host.cluster);
    const response = await fetch(`${registry}/services/${service}`, { signal: host.signal });
    if (!response.ok) throw new Error(`the registry answers ${response.status}`);
    const instances = await response.json<Instance[]>();
    return instances.map(({ ip, port, rack, state }) => ({
      address: `${ip}:${port}`,
      ...(rack !== undefined && { zone: rack }),
      // Those that are about to go are asked only when there is nobody else.
      priority: state === "up" ? 0 : 1,
    }));
  },
});
