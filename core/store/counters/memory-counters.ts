import { expiry } from "../expiry.ts";
import { type MemoryRoom, MemoryRooms } from "../memory-rooms.ts";
import { type BucketRule, type Taken, takeFrom } from "./bucket.ts";
import type { Counters } from "./counters.ts";

/** Counters in this thread's memory. */
export class MemoryCounters implements Counters {
  private readonly rooms: MemoryRooms;
  private readonly clock: () => number;

  /** @param clock in ms, monotonic */
  constructor(clock: () => number = () => performance.now(), rooms = new MemoryRooms()) {
    this.clock = clock;
    this.rooms = rooms;
  }

  now(): number {
    return this.clock();
  }

  get(namespace: string, key: string): number | null {
    return numberIn(this.rooms.of(namespace), kindOf(key), this.clock());
  }

  set(namespace: string, key: string, value: number, ttl: number | null): void {
    this.rooms.of(namespace).set(kindOf(key), value, expiry(this.clock(), ttl));
  }

  delete(namespace: string, key: string): boolean {
    const room = this.rooms.of(namespace);
    const entry = room.find(kindOf(key), this.clock());
    if (entry !== null) room.remove(entry);
    return entry !== null;
  }

  add(namespace: string, key: string, by: number, ttl: number | null, most: number | null): number | null {
    const room = this.rooms.of(namespace);
    const place = kindOf(key);
    const now = this.clock();
    const entry = room.find(place, now);
    const sum = entry === null ? by : (entry.value as number) + by;
    if (!Number.isFinite(sum) || (most !== null && sum > most)) return null;
    if (entry === null) room.set(place, sum, expiry(now, ttl));
    else room.setNumber(entry, sum);
    return sum;
  }

  compareAndSet(
    namespace: string,
    key: string,
    expected: number | null,
    next: number,
    ttl: number | null,
  ): boolean {
    const room = this.rooms.of(namespace);
    const now = this.clock();
    if (numberIn(room, kindOf(key), now) !== expected) return false;
    room.set(kindOf(key), next, expiry(now, ttl));
    return true;
  }

  take(namespace: string, key: string, cost: number, rule: BucketRule): Taken {
    const room = this.rooms.of(namespace);
    const place = kindOf(key);
    const now = this.clock();
    const taken = takeFrom(numberIn(room, place, now), cost, rule, now);
    // A full bucket is one that is not known. Who is refused is remembered, as who asks and is not.
    if (taken.full > now) room.set(place, taken.full, taken.full);
    return taken;
  }
}

/** Values are in the same rooms. */
function kindOf(key: string): string {
  return `#${key}`;
}

function numberIn(room: MemoryRoom, place: string, now: number): number | null {
  const entry = room.find(place, now);
  return entry === null ? null : (entry.value as number);
}
