/** `ctx.store(name)`: each plugin has a namespace of its own in each store. */
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import { HostCallError } from "../../sandbox/host/error.ts";
import type { ServicePart } from "../../sandbox/host/services.ts";
import { StoreLostError } from "../../store/remote-store.ts";
import type { GuestFacts, SharedServices } from "../guest/services.ts";
import { demandKey } from "./key-value.ts";
import { storeSteps } from "./store-steps.ts";

export function storeOperations({ remotes }: SharedServices, facts: GuestFacts): ServicePart {
  const { plugin } = facts;
  const demand = demandKey(facts);
  return {
    handlers: {
      [HostOp.storeFind]: (text) => (remotes?.find(demand(text)) ? "1" : "0"),
      [HostOp.storeRun](text) {
        const [name, steps] = storeSteps(text);
        demand(name);
        const store = remotes?.find(name);
        // It was there when the policy asked for it: a reload has taken it away.
        if (!store) throw lost(name);
        for (const { key } of steps) demand(key);
        return store.run(plugin, steps).catch((error: unknown) => {
          throw error instanceof StoreLostError ? lost(name) : error;
        });
      },
    },
  };
}

/** Why is for the log: it names hosts. */
function lost(name: string): HostCallError {
  return new HostCallError("NetworkError", `The store ${name} is lost`);
}
