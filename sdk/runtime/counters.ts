/** `ctx.counters`: numbers that all exchanges, all reactors and all generations of a plugin share, without waiting. */

import { callText } from "./host.ts";
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

export const counters: Counters = Object.freeze({
  now() {
    return Number(callText(HostOp.counterNow, ""));
  },
  get(key: string) {
    return numberIn(callText(HostOp.counterGet, asKey(key)));
  },
  set(key: string, value: number, options?: CounterOptions) {
    callText(HostOp.counterSet, `${given(value)} ${optional(options?.ttl)} ${asKey(key)}`);
  },
  delete(key: string) {
    return callText(HostOp.counterDelete, asKey(key)) === "1";
  },
  add(key: string, by = 1, options?: AddOptions) {
    const numbers =
      options === undefined
        ? `${given(by)}   `
        : `${given(by)} ${optional(options.ttl)} ${optional(options.most)} `;
    return numberIn(callText(HostOp.counterAdd, numbers + asKey(key)));
  },
  compareAndSet(key: string, expected: number | undefined, next: number, options?: CounterOptions) {
    const numbers = `${optional(expected)} ${given(next)} ${optional(options?.ttl)} `;
    return callText(HostOp.counterCompareAndSet, numbers + asKey(key)) === "1";
  },
  take(key: string, cost: number, { rate, burst }: Bucket) {
    const numbers = `${given(cost)} ${given(rate)} ${given(burst)} `;
    const answer = callText(HostOp.counterTake, numbers + asKey(key));
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
});

function numberIn(text: string): number | undefined {
  return text === "" ? undefined : Number(text);
}

function asKey(key: unknown): string {
  if (typeof key !== "string") throw new TypeError("Cannot use the key: it is not a string");
  return key;
}

function given(value: unknown): number {
  if (typeof value === "number") return value;
  throw new TypeError("Cannot use the counter: what should be a number is none");
}

function optional(value: unknown): number | "" {
  return value === undefined ? "" : given(value);
}
