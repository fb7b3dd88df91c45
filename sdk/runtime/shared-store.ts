/** `ctx.store(name)`: numbers that several machines share. What is asked is checked by the host. */

import { callAsync, callText } from "./host.ts";
import { HostOp } from "./host-op.ts";
import { refused } from "./refused.ts";
import { DOMException } from "./web/dom-exception.ts";

interface Rules {
  readonly bucket?: { readonly rate: number; readonly burst: number };
  readonly window?: { readonly limit: number; readonly seconds: number };
  readonly quota?: { readonly limit: number; readonly period: string; readonly utcOffset?: number };
  readonly places?: { readonly limit: number; readonly hold: number };
}

interface Demand extends Rules {
  readonly key: string;
  readonly cost?: number;
  readonly optional?: boolean;
}

interface Adjustment extends Rules {
  readonly key: string;
  readonly by: number;
  readonly ticket: number;
}

interface Standing {
  readonly allowed: boolean;
  readonly wait: number;
  readonly left: number;
  readonly reset: number | null;
  readonly ticket: number;
}

interface Ttl {
  readonly ttl: number;
  readonly most?: number;
}

export interface SharedStore {
  get(key: string): Promise<number | undefined>;
  set(key: string, value: number, options: Ttl): Promise<void>;
  delete(key: string): Promise<boolean>;
  add(key: string, by: number, options: Ttl): Promise<number | undefined>;
  compareAndSet(key: string, expected: number | undefined, next: number, options: Ttl): Promise<boolean>;
  take(
    demands: readonly Demand[],
  ): Promise<{ readonly allowed: boolean; readonly standings: readonly Standing[] }>;
  adjust(adjustments: readonly Adjustment[]): Promise<void>;
  pinned(key: string): Promise<unknown>;
}

const known = new Map<string, SharedStore>();

/** @throws DOMException `NotFoundError` when the config has no such store, `NotAllowedError` without the grant */
export function sharedStore(name: string): SharedStore {
  let store = known.get(name);
  if (store === undefined) {
    if (callText(HostOp.storeFind, String(name)) !== "1")
      throw new DOMException(
        `There is no store ${name}: it is not among the stores of the config`,
        "NotFoundError",
      );
    store = Object.freeze(storeOf(String(name)));
    known.set(name, store);
  }
  return store;
}

function storeOf(name: string): SharedStore {
  const run = async <T>(steps: readonly unknown[], read: (answer: string) => T): Promise<T> => {
    try {
      return read((await callAsync(HostOp.storeRun, JSON.stringify([name, steps]))) as string);
    } catch (error) {
      return refused(error);
    }
  };
  return {
    get: async (key) => run([["get", key]], numberIn),
    set: async (key, value, { ttl }) => run([["set", key, value, ttl]], () => {}),
    delete: async (key) => run([["del", key]], isDone),
    add: async (key, by, { ttl, most }) => run([["add", key, by, ttl, most ?? null]], numberIn),
    compareAndSet: async (key, expected, next, { ttl }) =>
      run([["cas", key, expected ?? null, next, ttl]], isDone),
    pinned: async (key) =>
      run([["pinned", key]], (found) => (found === "" ? undefined : JSON.parse(found.slice(1)))),
    async take(demands) {
      if (demands.length === 0) return { allowed: true, standings: [] };
      const steps = demands.map((demand) => {
        const [op, rule] = ruleOf(demand);
        return [op, demand.key, demand.optional ? 1 : 0, demand.cost ?? 1, ...rule];
      });
      return run(steps, standingsIn);
    },
    async adjust(adjustments) {
      if (adjustments.length === 0) return;
      const steps = adjustments.map((adjustment) => {
        const [op, rule] = ruleOf(adjustment);
        return [op.toUpperCase(), adjustment.key, adjustment.by, adjustment.ticket, ...rule];
      });
      await run(steps, () => {});
    },
  };
}

function ruleOf({ bucket, window, quota, places }: Rules): [op: string, rule: unknown[]] {
  if (bucket !== undefined) return ["b", [bucket.rate, bucket.burst]];
  if (window !== undefined) return ["w", [window.limit, window.seconds]];
  if (quota !== undefined) return ["q", [quota.limit, quota.period, quota.utcOffset ?? 0]];
  if (places !== undefined) return ["p", [places.limit, places.hold]];
  throw new TypeError("Cannot take: expected a bucket, a window, a quota or places");
}

function standingsIn(text: string): { allowed: boolean; standings: Standing[] } {
  const [allowed, ...parts] = text.split(";");
  return { allowed: allowed === "1", standings: parts.map(standingIn) };
}

function standingIn(text: string): Standing {
  const [allowed, wait = 0, left = 0, reset = 0, ticket = 0] = text.split(" ").map(Number);
  return {
    allowed: allowed === 1,
    wait: wait < 0 ? Number.POSITIVE_INFINITY : wait,
    left,
    reset: reset < 0 ? null : reset,
    ticket,
  };
}

function isDone(text: string): boolean {
  return text === "1";
}

function numberIn(text: string): number | undefined {
  return text === "" ? undefined : Number(text);
}
