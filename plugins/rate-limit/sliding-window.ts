import type { Counters } from "sluice/sdk";
import { giveBack } from "./give-back.ts";
import { type Entered, type Limiter, stall } from "./limiter.ts";

/** Into so many slots a window is cut: what was counted leaves it up to a slot later than it might. */
const slots = 10;

/**
 * Never more than `limit` in any stretch of the window's length, over all reactors: the current slot and the ten before
 * it count, which is at least the window.
 *
 * Slots that are over do not change, so their sum is made once, by the first request of the next slot. That request says
 * so first (`head`): one that counts itself in a slot which somebody has closed meanwhile takes that back and counts in
 * the next. So each is in the sum or in the later slot, whichever reactor is faster.
 *
 * @param window in s
 */
export function slidingWindow(limit: number, window: number): Limiter {
  const size = (window * 1000) / slots;
  const options = { ttl: window + (3 * size) / 1000 };
  const headOptions = { ttl: options.ttl + stall };
  return { enter, undo, charge };

  function enter(counters: Counters, key: string, cost: number): Entered {
    for (;;) {
      const now = counters.now();
      const slot = Math.floor(now / size);
      const past = counters.get(`${key} ${slot} past`) ?? open(counters, key, slot);
      const most = limit - past;
      const sum = counters.add(`${key} ${slot}`, cost, { most, ttl: options.ttl });
      if (sum === undefined) {
        const left = most - counters.add(`${key} ${slot}`, 0, options);
        const wait =
          cost > limit ? Number.POSITIVE_INFINITY : timeUntil(counters, key, cost - left, slot, now);
        return { allowed: false, wait, left: Math.max(0, left), reset: wait, ticket: slot };
      }
      if ((counters.get(`${key} head`) ?? slot) <= slot) {
        return { allowed: true, wait: 0, left: most - sum, reset: window, ticket: slot };
      }
      undo(counters, key, cost, slot);
    }
  }

  /** Closes the slots before this one and returns what counts of them. */
  function open(counters: Counters, key: string, slot: number): number {
    for (;;) {
      const head = counters.get(`${key} head`);
      if (head !== undefined && head >= slot) break;
      if (!counters.compareAndSet(`${key} head`, head, slot, headOptions)) continue;
      if (head !== undefined) forget(counters, key, head, slot);
      break;
    }
    let past = 0;
    for (let other = slot - slots; other < slot; other++) past += counters.get(`${key} ${other}`) ?? 0;
    counters.set(`${key} ${slot} past`, past, options);
    return past;
  }

  /** What the slots before `head` needed and those from `slot` on do not. */
  function forget(counters: Counters, key: string, head: number, slot: number): void {
    counters.delete(`${key} ${head} past`);
    for (let other = head - slots; other <= head && other < slot - slots; other++) {
      counters.delete(`${key} ${other}`);
    }
  }

  /** Seconds until as much as is needed has left the window. */
  function timeUntil(counters: Counters, key: string, needed: number, slot: number, now: number): number {
    let freed = 0;
    for (let other = slot - slots; other <= slot; other++) {
      freed += counters.get(`${key} ${other}`) ?? 0;
      // A slot counts until the eleventh after it begins.
      if (freed >= needed) return ((other + slots + 1) * size - now) / 1000;
    }
    return window;
  }

  function undo(counters: Counters, key: string, cost: number, slot: number): void {
    giveBack(counters, `${key} ${slot}`, cost, options.ttl);
  }

  /** Counts when it turns out: in the slot of then. */
  function charge(counters: Counters, key: string, cost: number): void {
    for (;;) {
      const slot = Math.floor(counters.now() / size);
      if (counters.get(`${key} ${slot} past`) === undefined) open(counters, key, slot);
      counters.add(`${key} ${slot}`, cost, options);
      if ((counters.get(`${key} head`) ?? slot) <= slot) return;
      undo(counters, key, cost, slot);
    }
  }
}
