import { TinyLfu } from "../../core/store/eviction/tiny-lfu.ts";
import type { Trace } from "./traces.ts";

/** Bytes of the object behind a key. */
export type SizeOf = (key: number) => number;

export interface HitRates {
  /** Share of requests. */
  readonly requests: number;
  /** Share of bytes. */
  readonly bytes: number;
}

export function lruRates(trace: Trace, capacity: number, sizeOf: SizeOf): HitRates {
  const held = new Map<number, number>();
  let bytes = 0;
  return rates(trace, sizeOf, (key, size) => {
    if (held.delete(key)) {
      held.set(key, size);
      return true;
    }
    if (size > capacity) return false;
    held.set(key, size);
    bytes += size;
    for (const [oldest, oldSize] of held) {
      if (bytes <= capacity) break;
      held.delete(oldest);
      bytes -= oldSize;
    }
    return false;
  });
}

export function tinyLfuRates(trace: Trace, capacity: number, sizeOf: SizeOf, seed = 1): HitRates {
  const policy = new TinyLfu({ capacity, seed });
  return rates(trace, sizeOf, (key, size) => {
    const name = `GET https://a.test/${key}`;
    if (policy.touch(name)) return true;
    policy.insert(name, size);
    if (policy.bytes > capacity) throw new Error(`${policy.bytes} bytes are held, ${capacity} are allowed`);
    return false;
  });
}

function rates(trace: Trace, sizeOf: SizeOf, isHit: (key: number, size: number) => boolean): HitRates {
  let [hits, asked, hitBytes, askedBytes] = [0, 0, 0, 0];
  for (const key of trace) {
    const size = sizeOf(key);
    const hit = isHit(key, size);
    asked++;
    askedBytes += size;
    if (hit) {
      hits++;
      hitBytes += size;
    }
  }
  return { requests: hits / asked, bytes: hitBytes / askedBytes };
}
