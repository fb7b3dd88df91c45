/** `ctx.counters`: numbers that all exchanges, all reactors and all generations of a plugin share, without waiting. */

import { callText, refusal } from "./host.ts";
import { HostOp } from "./host-op.ts";

interface CounterOptions {
  readonly ttl?: number;
}

interface AddOptions extends CounterOptions {
  readonly most?: number;
}

interface Bucket {
  readonly rate: number;
  readonly burst: number;
}

interface Taken {
  readonly allowed: boolean;
  readonly wait: number;
  readonly left: number;
  readonly reset: number;
}

export interface Counters {
  now(): number;
  get(key: string): number | undefined;
  set(key: string, value: number, options?: CounterOptions): void;
  delete(key: string): boolean;
  add(key: string, by?: number, options?: AddOptions): number | undefined;
  compareAndSet(key: string, expected: number | undefined, next: number, options?: CounterOptions): boolean;
  take(key: string, cost: number, bucket: Bucket): Taken;
}

/** The same as the host has it, with an argument in each place. Times to live are in seconds, a rate is per second. */
export interface HostCounters {
  now(): number;
  get(key: string): number | null;
  set(key: string, value: number, ttl: number | null): void;
  delete(key: string): boolean;
  add(key: string, by: number, ttl: number | null, most: number | null): number | null;
  compareAndSet(key: string, expected: number | null, next: number, ttl: number | null): boolean;
  take(key: string, cost: number, rate: number, burst: number): Taken;
}

/** Whether the host can be called without texts, and still lets the guest do it. */
let isDirect: () => boolean = () => false;
let direct: HostCounters;

/**
 * Connects a guest to a host in the same realm; once, before anything else.
 *
 * @param counters null when the guest has ended
 */
export function bindCounters(counters: () => HostCounters | null): void {
  const own = counters();
  if (own === null) return;
  direct = withRefusals(own);
  isDirect = () => counters() !== null;
}

/** What the host throws as errors of the guest. */
function withRefusals(host: HostCounters): HostCounters {
  const asking =
    <Args extends unknown[], Result>(ask: (...args: Args) => Result) =>
    (...args: Args): Result => {
      try {
        return ask(...args);
      } catch (error) {
        const { name, message } = error as Error;
        throw refusal(name, message);
      }
    };
  return {
    now: asking(host.now),
    get: asking(host.get),
    set: asking(host.set),
    delete: asking(host.delete),
    add: asking(host.add),
    compareAndSet: asking(host.compareAndSet),
    take: asking(host.take),
  };
}

export const counters: Counters = Object.freeze({
  now() {
    return host().now();
  },
  get(key: string) {
    return host().get(asKey(key)) ?? undefined;
  },
  set(key: string, value: number, options?: CounterOptions) {
    host().set(asKey(key), given(value), optional(options?.ttl));
  },
  delete(key: string) {
    return host().delete(asKey(key));
  },
  add(key: string, by = 1, options?: AddOptions) {
    return host().add(asKey(key), given(by), optional(options?.ttl), optional(options?.most)) ?? undefined;
  },
  compareAndSet(key: string, expected: number | undefined, next: number, options?: CounterOptions) {
    return host().compareAndSet(asKey(key), optional(expected), given(next), optional(options?.ttl));
  },
  take(key: string, cost: number, { rate, burst }: Bucket) {
    return host().take(asKey(key), given(cost), given(rate), given(burst));
  },
});

function host(): HostCounters {
  return isDirect() ? direct : byText;
}

const byText: HostCounters = {
  now: () => Number(callText(HostOp.counterNow, "")),
  get: (key) => numberIn(callText(HostOp.counterGet, key)),
  set(key, value, ttl) {
    callText(HostOp.counterSet, `${value} ${ttl ?? ""} ${key}`);
  },
  delete: (key) => callText(HostOp.counterDelete, key) === "1",
  add: (key, by, ttl, most) =>
    numberIn(callText(HostOp.counterAdd, `${by} ${ttl ?? ""} ${most ?? ""} ${key}`)),
  compareAndSet: (key, expected, next, ttl) =>
    callText(HostOp.counterCompareAndSet, `${expected ?? ""} ${next} ${ttl ?? ""} ${key}`) === "1",
  take(key, cost, rate, burst) {
    const answer = callText(HostOp.counterTake, `${cost} ${rate} ${burst} ${key}`);
    const second = answer.indexOf(" ") + 1;
    const third = answer.indexOf(" ", second) + 1;
    const wait = Number(answer.slice(0, second - 1)) / 1e6;
    return {
      allowed: wait === 0,
      wait,
      left: Number(answer.slice(second, third - 1)) / 1e3,
      reset: Number(answer.slice(third)) / 1e6,
    };
  },
};

function numberIn(text: string): number | null {
  return text === "" ? null : Number(text);
}

function asKey(key: unknown): string {
  if (typeof key !== "string") throw new TypeError("Cannot use the key: it is not a string");
  return key;
}

function given(value: unknown): number {
  if (typeof value === "number") return value;
  throw new TypeError("Cannot use the counter: what should be a number is none");
}

function optional(value: unknown): number | null {
  return value === undefined ? null : given(value);
}
