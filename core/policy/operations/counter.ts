/** `ctx.counters`: each plugin has a namespace of its own, whose room its values in `ctx.kv` are in, too. */
import type { HostCounters } from "../../../sdk/runtime/counters.ts";
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import { HostCallError } from "../../sandbox/host/error.ts";
import type { ServicePart } from "../../sandbox/host/services.ts";
import type { GuestFacts, SharedServices } from "../guest/services.ts";
import { demandKey, longestTtl } from "./key-value.ts";

/** A call's numbers, each with a blank behind it, and the key. */
type Parts = readonly [key: string, ...numbers: (number | null)[]];

export function counterOperations(shared: SharedServices, facts: GuestFacts): ServicePart {
  const counters = countersOf(shared, facts);
  return {
    counters,
    handlers: {
      [HostOp.counterNow]: () => String(counters.now()),
      [HostOp.counterGet]: (text) => textOf(counters.get(text)),
      [HostOp.counterDelete]: (text) => (counters.delete(text) ? "1" : "0"),
      [HostOp.counterSet](text) {
        const [key, value, ttl] = partsOf(text, 2);
        counters.set(key, given(value), ttl ?? null);
        return "";
      },
      [HostOp.counterAdd](text) {
        const [key, by, ttl, most] = partsOf(text, 3);
        return textOf(counters.add(key, given(by), ttl ?? null, most ?? null));
      },
      [HostOp.counterCompareAndSet](text) {
        const [key, expected, next, ttl] = partsOf(text, 3);
        return counters.compareAndSet(key, expected ?? null, given(next), ttl ?? null) ? "1" : "0";
      },
      [HostOp.counterTake](text) {
        const [key, cost, rate, burst] = partsOf(text, 3);
        const { wait, left, reset } = counters.take(key, given(cost), given(rate), given(burst));
        // Whole numbers: a double in all its digits takes as long as the rest of the call.
        return `${Math.round(wait * 1e6)} ${Math.round(left * 1e3)} ${Math.round(reset * 1e6)}`;
      },
    },
  };
}

/** Nothing that a guest says is believed before it was checked. */
function countersOf({ counters }: SharedServices, facts: GuestFacts): HostCounters {
  const { plugin } = facts;
  const demand = demandKey(facts);
  return {
    now() {
      demand("");
      return counters.now();
    },
    get: (key) => counters.get(plugin, demand(key)),
    delete: (key) => counters.delete(plugin, demand(key)),
    set: (key, value, ttl) => counters.set(plugin, demand(key), given(value), milliseconds(ttl)),
    add(key, by, ttl, most) {
      const sum = counters.add(plugin, demand(key), given(by), milliseconds(ttl), bound(most));
      if (sum !== null || most !== null) return sum;
      throw new HostCallError("RangeError", "Cannot add: the sum is no finite number");
    },
    compareAndSet: (key, expected, next, ttl) =>
      counters.compareAndSet(plugin, demand(key), bound(expected), given(next), milliseconds(ttl)),
    take(key, cost, rate, burst) {
      const taken = counters.take(plugin, demand(key), amount(cost), bucketOf(rate, burst));
      // Thousandths, which every engine is told.
      const wait = Math.ceil(taken.wait * 1e3) / 1e6;
      const left = Math.floor(taken.left * 1e3) / 1e3;
      return { allowed: wait === 0, wait, left, reset: Math.ceil(taken.reset * 1e3) / 1e6 };
    },
  };
}

function textOf(value: number | null): string {
  return value === null ? "" : String(value);
}

/** Reads what sdk/runtime/counters.ts writes. */
function partsOf(text: string, count: number): Parts {
  const numbers: (number | null)[] = [];
  let from = 0;
  for (let index = 0; index < count; index++) {
    const end = text.indexOf(" ", from);
    numbers.push(end === from ? null : Number(text.slice(from, end)));
    if (end < 0 || Number.isNaN(numbers[index])) throw malformed();
    from = end + 1;
  }
  return [text.slice(from), ...numbers];
}

function malformed(): HostCallError {
  return new HostCallError("TypeError", "Cannot use the counter: what should be a number is none");
}

function given(value: number | null | undefined): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw malformed();
}

/** What a number is compared with: any, or none. */
function bound(value: number | null): number | null {
  if (value !== null && Number.isNaN(value)) throw malformed();
  return value;
}

/** @param ttl in seconds */
function milliseconds(ttl: number | null): number | null {
  const seconds = bound(ttl);
  if (seconds === null) return null;
  if (seconds > 0 && seconds <= longestTtl) return seconds * 1000;
  throw new HostCallError("RangeError", `Cannot use ttl: expected seconds up to ${longestTtl}`);
}

function amount(cost: number | null | undefined): number {
  if (given(cost) >= 0) return given(cost);
  throw new HostCallError("RangeError", "Cannot take: expected a cost from 0 on");
}

/** @param rate per second */
function bucketOf(
  rate: number | null | undefined,
  burst: number | null | undefined,
): { readonly rate: number; readonly burst: number } {
  const rule = { rate: given(rate) / 1000, burst: given(burst) };
  // Of the smallest numbers a thousandth is 0.
  const fullAfter = rule.burst / rule.rate;
  if (rule.burst > 0 && fullAfter > 0 && fullAfter <= longestTtl * 1000) return rule;
  throw new HostCallError(
    "RangeError",
    `Cannot take: expected a rate and a burst above 0, and a bucket that is full after ${longestTtl} s`,
  );
}
