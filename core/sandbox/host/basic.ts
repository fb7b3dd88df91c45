/** Operations that every guest has: time, random bytes, URLs, text. */
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import { randomBytes } from "./random.ts";
import type { Operation, ServicePart } from "./services.ts";
import { urlParse, urlSet } from "./url.ts";
import { utf8Decode, utf8Encode } from "./utf8.ts";

/** Where time comes from; tests bring their own. */
export interface HostClock {
  /** In ms, monotonic. */
  now(): number;
  /** Calls back once; returns what gives it up. */
  after(ms: number, run: () => void): () => void;
}

export const systemClock: HostClock = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

const longestTimer = 2 ** 31 - 1;

export function basicOperations(clock: HostClock): ServicePart {
  return {
    handlers: {
      [HostOp.now]: () => String(clock.now()),
      [HostOp.timer]: (text, _bytes, operation) => sleep(clock, Number(text), operation),
      [HostOp.random]: randomBytes,
      [HostOp.urlParse]: urlParse,
      [HostOp.urlSet]: urlSet,
      [HostOp.utf8Encode]: utf8Encode,
      [HostOp.utf8Decode]: utf8Decode,
    },
  };
}

function sleep(clock: HostClock, ms: number, operation: Operation): Promise<string> {
  const due = Number.isFinite(ms) ? Math.min(Math.max(ms, 0), longestTimer) : 0;
  return new Promise((resolve) => {
    const giveUp = clock.after(due, () => resolve(""));
    operation.signal.addEventListener("abort", giveUp, { once: true });
  });
}
