/** What a plugin has whose `setup` is only tried: stores of its own, and nothing that lies outside of this process. */
import type { StoreConfig } from "../../config/store-model.ts";
import { sharedServices } from "../../data/shared-services.ts";
import type { SharedServices } from "../../policy/guest/services.ts";
import { HostCallError } from "../../sandbox/host/error.ts";
import { createFetchHost } from "../../sandbox/host/fetch/fetch.ts";
import { StoreLostError } from "../../store/remote-store.ts";
import { RemoteStores } from "../../store/remote-stores.ts";

export interface ClosedServices {
  readonly services: SharedServices;
  /** What was asked for outside, since the last time it was taken: `https://issuer.example`, `the store shared`. */
  takeAsked(): readonly string[];
}

/**
 * Grants are looked at as ever: what is not granted is refused as it would be in service. What is granted fails as a
 * network does that is not there, and shared stores are known by their names and lost.
 */
export async function closedServices(stores: readonly StoreConfig[]): Promise<ClosedServices> {
  let asked = new Set<string>();
  const remotes = new RemoteStores<StoreConfig>(({ name }) => ({
    async open() {},
    close() {},
    async run() {
      asked.add(`the store ${name}`);
      throw new StoreLostError("Nothing outside is asked");
    },
  }));
  await remotes.prepare(stores);
  remotes.commit();
  const noNetwork = {
    async request({ origin }: { readonly origin?: unknown }): Promise<never> {
      asked.add(String(origin));
      throw new HostCallError("TypeError", "nothing outside is asked");
    },
    async destroy() {},
  };
  return {
    services: {
      ...sharedServices(undefined, null, remotes),
      outbound: (options) => createFetchHost(options, () => noNetwork),
    },
    takeAsked() {
      const taken = [...asked];
      asked = new Set();
      return taken;
    },
  };
}
