import type { Test } from "tap";
import { loadConfig } from "../../core/config/load.ts";
import type { Address, Config } from "../../core/config/model.ts";
import { startGateway, type TestGateway } from "./gateway.ts";
import { type PluginTexts, startPolicyGateway } from "./policies.ts";

/** A place for an endpoint in a config: `host:port`. */
export function at(address: Address): string {
  return "path" in address ? `unix:${address.path}` : `http://${address.host}:${address.port}`;
}

/**
 * Runs a gateway with the clusters and routes of a config file, in this process, until the test ends.
 *
 * @param plugins by file name; null: there are none
 */
export async function startConfigured(
  t: Test,
  yaml: string,
  plugins: PluginTexts | null = null,
): Promise<TestGateway> {
  const { clusters, routes, forwarding } = loadConfig("sluice.yaml", yaml, { env: {} });
  const via = { ...forwarding, via: "here" };
  const change = (base: Config): Config => ({ ...base, clusters, routes, forwarding: via });
  const address = { host: "127.0.0.1", port: 9 };
  if (plugins !== null) return startPolicyGateway(t, address, { plugins, config: change });
  return startGateway(t, address, {}, { change });
}
