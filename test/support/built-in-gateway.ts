import type { Test } from "tap";
import type { Address, PolicyConfig } from "../../core/config/model.ts";
import { addBuiltIns } from "../../core/reload/built-in-bundle.ts";
import { type PolicyGateway, type PolicySettings, startPolicyGateway } from "./policies.ts";

/** A built-in policy by its name, or with its config. */
export type BuiltInUse = string | { readonly plugin: string; readonly config: unknown };

/**
 * Runs a gateway with a real listener in this process, until the test ends, whose only route has built-in policies.
 *
 * @param uses in the order in which they see a request
 * @example
 * const { ask } = await startBuiltInGateway(t, service.address, ["security-headers"]);
 * (await ask(get())).head; // "HTTP/1.1 200 OK\r\nx-content-type-options: nosniff\r\n..."
 */
export async function startBuiltInGateway(
  t: Test,
  endpoints: Address | readonly Address[],
  uses: readonly BuiltInUse[],
  settings: Partial<PolicySettings> = {},
): Promise<PolicyGateway> {
  const policies = uses.map(
    (use): PolicyConfig => (typeof use === "string" ? { plugin: use, config: null } : use),
  );
  const names = [...new Set(policies.map(({ plugin }) => plugin))];
  return startPolicyGateway(t, endpoints, {
    plugins: {},
    grantDeclared: false,
    ...settings,
    route: { ...settings.route, policies },
    bundle: (own) => addBuiltIns(own, names),
  });
}
