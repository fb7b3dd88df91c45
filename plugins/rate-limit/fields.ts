import type { LimitConfig } from "./config.ts";
import type { Standing } from "./limiter.ts";
import { wholeSeconds } from "./whole-seconds.ts";

/**
 * A limit as an item of RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers, a list of RFC 9651). A month is no number
 * of seconds.
 *
 * @example
 * policyItem({ name: "burst", algorithm: "token-bucket", limit: 100, window: 60, ... }); // '"burst";q=100;w=60'
 */
export function policyItem({ name, algorithm, limit, window, period }: LimitConfig): string {
  const quota = `"${name}";q=${limit}`;
  if (algorithm === "concurrency") return `${quota};qu="concurrent-requests"`;
  if (algorithm === "quota") return period === "day" ? `${quota};w=86400` : quota;
  return Number.isInteger(window) ? `${quota};w=${window}` : quota;
}

/** A limit that was asked. */
export interface Stood {
  readonly name: string;
  readonly standing: Pick<Standing, "left" | "reset">;
}

/** A bucket tells what is in it in thousandths, rounded down: 1 may be 0.999. */
const rounding = 0.0011;

/**
 * How a limit stands as an item of RateLimit: what is left, and for how many seconds.
 *
 * @example
 * standingItem("burst", { allowed: true, wait: 0, left: 49.5, reset: 29.1 }); // '"burst";r=49;t=30'
 */
export function standingItem(name: string, { left, reset }: Stood["standing"]): string {
  const time = reset === null || !Number.isFinite(reset) ? "" : `;t=${wholeSeconds(reset)}`;
  return `"${name}";r=${Math.floor(left + rounding)}${time}`;
}

/** The value of RateLimit. */
export function standingsText(stood: readonly Stood[]): string {
  return stood.map(({ name, standing }) => standingItem(name, standing)).join(", ");
}
