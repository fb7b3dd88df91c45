/** Keys that clients show, known by their hashes. */
import type { PluginRequest, SetupHost } from "sluice/sdk";
import { type ApiKeyConfig, apiKeySchema } from "./api-key/config.ts";
import { type KeptKeys, keysInMemory, keysInStore, type Looked } from "./api-key/kept-keys.ts";
import { readKeyList } from "./api-key/key-list.ts";
import { KeyTable } from "./api-key/key-table.ts";
import { knownKey, longestKey } from "./api-key/known-key.ts";
import { credentialAt, removeCredential, twice } from "./credential.ts";
import {
  type AuthContext,
  absent,
  refused,
  type Strategy,
  type StrategyType,
  type Verdict,
} from "./strategy.ts";

export const apiKey: StrategyType<ApiKeyConfig> = {
  type: "api-key",
  schema: apiKeySchema,
  create: (config, host) => apiKeyStrategy(config, host, Date.now),
};

/**
 * @param now ms since 1970
 * @throws Error for keys that cannot be read, or that stand there as they are
 */
export function apiKeyStrategy(
  config: ApiKeyConfig,
  host: Pick<SetupHost, "store" | "log">,
  now: () => number,
): Strategy {
  if (config.header === "" && config.query === "" && config.cookie === "") {
    throw new Error("header, query and cookie are all empty: there is no place for a key");
  }
  if (config.kv && config.store !== "") throw new Error("kv and store are both set: keys are in one of them");
  const entries = [...config.keys, ...readKeyList(config.list)];
  const keys = new KeyTable(entries.map((entry) => knownKey(entry, config.allowPlain)));
  const store = config.store === "" ? null : host.store(config.store);
  const kept: KeptKeys | null =
    store !== null ? keysInStore(store, config, host.log, now) : config.kv ? keysInMemory(host.log) : null;

  function authenticate(request: PluginRequest, ctx: AuthContext): Verdict | Promise<Verdict> {
    const key = credentialAt(request, config);
    if (key === null) return absent;
    if (key === twice) return refused("ambiguous");
    const known = keys.find(key);
    if (known !== null) return conclude(known, request);
    if (kept === null || key === "" || key.length > longestKey) return refused("unknown_key");
    const found = kept.find(key, ctx);
    return found instanceof Promise
      ? found.then((late) => conclude(late, request))
      : conclude(found, request);
  }

  function conclude(found: Looked, request: PluginRequest): Verdict {
    if (!("digest" in found)) return found;
    if (found.isDisabled) return refused("disabled");
    if (found.expires <= now()) return refused("expired");
    if (!config.forward) removeCredential(request, config);
    return found.verdict;
  }

  return {
    name: "api-key",
    // No scheme of RFC 9110 stands for this, but a 401 needs one.
    challenge: 'ApiKey realm="api"',
    async start() {
      if (entries.length === 0 && kept === null) throw new Error("there are no keys in keys and list");
      // Nobody's record, but the store has to be there to say so.
      await store?.pinned("api-key:");
    },
    authenticate,
  };
}
