/** What a guest asks of a shared store, read from the text that sdk/runtime/shared-store.ts writes, and checked. */
import { HostCallError } from "../../sandbox/host/error.ts";
import type { PinOp, StoreArguments, StoreOp, StoreStep } from "../../store/remote-store.ts";
import { longestTtl } from "./key-value.ts";

/** In code units: keys may be escaped. */
const longestText = 512 * 1024;
const mostSteps = 32;
/** Parts of a window that are counted apart; see redis/script.ts. */
const slots = 10;
const mostOffset = 14 * 60;

type Reader = (values: readonly unknown[]) => StoreArguments;

/** By what is asked. Seconds become ms. */
const readers: Readonly<Record<Exclude<StoreOp, PinOp> | "pinned", Reader>> = {
  b: ([optional, cost, rate, burst]) => [flag(optional), amount(cost), ...bucket(rate, burst), ""],
  w: ([optional, cost, limit, seconds]) => [
    flag(optional),
    amount(cost),
    positive(limit),
    ...window(seconds),
  ],
  q: ([optional, cost, limit, period, offset]) => [
    flag(optional),
    amount(cost),
    positive(limit),
    ...calendar(period, offset),
  ],
  p: ([optional, cost, limit, hold]) => [flag(optional), amount(cost), positive(limit), ms(hold), ""],
  B: ([by, ticket, rate, burst]) => [finite(by), finite(ticket), ...bucket(rate, burst), ""],
  W: ([by, ticket, , seconds]) => [finite(by), finite(ticket), ...window(seconds), ""],
  Q: ([by, ticket, , period, offset]) => [finite(by), finite(ticket), ...calendar(period, offset), ""],
  P: ([by, ticket, , hold]) => [finite(by), finite(ticket), ms(hold), "", ""],
  get: () => ["", "", "", "", ""],
  del: () => ["", "", "", "", ""],
  set: ([value, ttl]) => [finite(value), ms(ttl), "", "", ""],
  add: ([by, ttl, most]) => [finite(by), ms(ttl), optional(most), "", ""],
  // The operator alone sets them.
  pinned: () => ["", "", "", "", ""],
  cas: ([expected, next, ttl]) => [optional(expected), finite(next), ms(ttl), "", ""],
};

/**
 * Reads what is asked, and of which store.
 *
 * @throws HostCallError for what is no question
 * @example
 * storeSteps('["shared",[["get","a"]]]'); // ["shared", [{ op: "get", key: "a", values: ["", "", "", "", ""] }]]
 */
export function storeSteps(text: string): [store: string, steps: readonly StoreStep[]] {
  const [store, asked] = parse(text);
  if (typeof store !== "string" || !Array.isArray(asked) || asked.length === 0) throw malformed();
  if (asked.length > mostSteps) {
    throw new HostCallError("RangeError", `Cannot use the store: expected up to ${mostSteps} limits at once`);
  }
  const steps = asked.map(readStep);
  const kinds = new Set(steps.map(({ op }) => kindOf(op)));
  if (kinds.size > 1 || (kinds.has("number") && steps.length > 1)) throw malformed();
  // Each is looked at before any is counted.
  if (new Set(steps.map(({ op, key }) => op + key)).size < steps.length && kinds.has("take")) {
    throw new HostCallError("TypeError", "Cannot take: expected a limit once, found it twice");
  }
  return [store, steps];
}

function readStep(step: unknown): StoreStep {
  if (!Array.isArray(step)) throw malformed();
  const [op, key, ...values] = step as unknown[];
  if (typeof op !== "string" || !Object.hasOwn(readers, op)) throw malformed();
  if (typeof key !== "string") {
    throw new HostCallError("TypeError", "Cannot use the key: it is not a string");
  }
  return { op: op as StoreOp, key, values: readers[op as keyof typeof readers](values) };
}

function kindOf(op: StoreOp): "take" | "adjust" | "number" {
  if (op.length > 1) return "number";
  return op === op.toLowerCase() ? "take" : "adjust";
}

function parse(text: string): readonly unknown[] {
  if (text.length <= longestText) {
    try {
      const value: unknown = JSON.parse(text);
      if (Array.isArray(value)) return value;
    } catch {}
  }
  throw malformed();
}

function malformed(): HostCallError {
  return new HostCallError("TypeError", "Cannot use the store: the call is malformed");
}

/** JSON has no other numbers than finite ones: what was none is null. */
function finite(value: unknown): number {
  if (typeof value === "number") return value;
  throw new HostCallError("TypeError", "Cannot use the store: what should be a number is none");
}

function optional(value: unknown): number | "" {
  return value === null || value === undefined ? "" : finite(value);
}

function flag(value: unknown): number {
  return value === 1 ? 1 : 0;
}

function amount(cost: unknown): number {
  if (finite(cost) >= 0) return finite(cost);
  throw new HostCallError("RangeError", "Cannot take: expected a cost from 0 on");
}

function positive(value: unknown): number {
  if (finite(value) > 0) return finite(value);
  throw new HostCallError("RangeError", "Cannot take: expected a limit above 0");
}

/** @param seconds up to a year */
function ms(seconds: unknown): number {
  const value = finite(seconds) * 1000;
  if (value >= 1 && value <= longestTtl * 1000) return value;
  throw new HostCallError("RangeError", `Cannot use the time: expected 0.001 to ${longestTtl} s`);
}

function bucket(rate: unknown, burst: unknown): [perMs: number, burst: number] {
  const perMs = positive(rate) / 1000;
  if (positive(burst) / perMs > longestTtl * 1000) {
    throw new HostCallError(
      "RangeError",
      `Cannot take: expected a bucket that is full after ${longestTtl} s`,
    );
  }
  return [perMs, positive(burst)];
}

function window(seconds: unknown): [size: number, seconds: number] {
  return [ms(seconds) / slots, finite(seconds)];
}

function calendar(period: unknown, offset: unknown): [isMonth: number, offset: number] {
  if (period !== "day" && period !== "month") {
    throw new HostCallError("TypeError", "Cannot take: expected the period day or month");
  }
  if (Math.abs(finite(offset)) > mostOffset) {
    throw new HostCallError("RangeError", `Cannot take: expected an offset of up to ${mostOffset} minutes`);
  }
  return [period === "month" ? 1 : 0, finite(offset) * 60_000];
}
