/** `ctx.kv`: each plugin has a namespace of its own. */
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import { splitTexts } from "../../../sdk/runtime/text-pair.ts";
import { HostCallError } from "../../sandbox/host/error.ts";
import type { ServicePart } from "../../sandbox/host/services.ts";
import type { KeyValues } from "../../store/kv/key-values.ts";
import type { GuestFacts, SharedServices } from "../guest/services.ts";

const longestKey = 1024;
/** JSON of what is not the value: a key, escaped, and a number or two, in code units. */
const longestHead = 8 * longestKey;
const longestValue = 1024 * 1024;
/** A year, in seconds. */
export const longestTtl = 366 * 24 * 3600;

export function keyValueOperations({ store, pinned }: SharedServices, facts: GuestFacts): ServicePart {
  const { plugin } = facts;
  const demand = demandKey(facts);
  const demandFree = (key: unknown): string => {
    const free = demand(key);
    if (!pinned?.get(plugin, free)) return free;
    throw new HostCallError("NotAllowedError", "Cannot change the value: the operator has put it there");
  };
  return {
    handlers: {
      [HostOp.kvGet]: (text) =>
        pinned?.get(plugin, demand(text)) ?? then(store.get(plugin, demand(text)), (value) => value ?? ""),
      [HostOp.kvDelete]: (text) =>
        then(store.delete(plugin, demandFree(text)), (found) => (found ? "1" : "0")),
      [HostOp.kvSet](text) {
        const [head, value] = splitTexts(text) ?? [];
        const [key, ttl] = parse(head);
        if (value === undefined || value.length > longestValue) {
          throw new HostCallError(
            "QuotaExceededError",
            `Cannot store the value: it is longer than ${longestValue}`,
          );
        }
        return then(store.set(plugin, demandFree(key), value, milliseconds(ttl)), () => "");
      },
      [HostOp.kvIncrement](text) {
        const [key, by, ttl] = parse(text);
        if (typeof by !== "number") throw new HostCallError("TypeError", "Cannot increment: by is no number");
        return increment(store, plugin, demandFree(key), by, milliseconds(ttl));
      },
    },
  };
}

/** Gives the key back when the plugin may use the store, and the key can be one. */
export function demandKey(facts: GuestFacts): (key: unknown) => string {
  return (key) => {
    if (!facts.grants.kv) {
      throw new HostCallError(
        "NotAllowedError",
        "kv is not granted: add `kv: true` to the plugin's capabilities",
      );
    }
    if (typeof key === "string" && key.length <= longestKey) return key;
    throw new HostCallError("TypeError", `Cannot use the key: it is longer than ${longestKey}`);
  };
}

function increment(
  store: KeyValues,
  plugin: string,
  key: string,
  by: number,
  ttl: number | null,
): string | Promise<string> {
  try {
    const sum = store.increment(plugin, key, by, ttl);
    return sum instanceof Promise ? sum.then(String, refuseIncrement) : String(sum);
  } catch (error) {
    return refuseIncrement(error);
  }
}

function refuseIncrement(error: unknown): never {
  if (!(error instanceof TypeError)) throw error;
  throw new HostCallError("TypeError", "Cannot increment: what is there is no number");
}

function then<Value>(
  answer: Value | Promise<Value>,
  text: (value: Value) => string,
): string | Promise<string> {
  return answer instanceof Promise ? answer.then(text) : text(answer);
}

function parse(text: string | undefined): unknown[] {
  if (text !== undefined && text.length <= longestHead) {
    try {
      const values: unknown = JSON.parse(text);
      if (Array.isArray(values)) return values;
    } catch {}
  }
  throw new HostCallError("TypeError", "Cannot use the store: the call is malformed");
}

/** @param ttl in seconds; null: none */
function milliseconds(ttl: unknown): number | null {
  if (ttl === null) return null;
  if (typeof ttl === "number" && ttl > 0 && ttl <= longestTtl) return ttl * 1000;
  throw new HostCallError("RangeError", `Cannot use ttl: expected seconds up to ${longestTtl}`);
}
