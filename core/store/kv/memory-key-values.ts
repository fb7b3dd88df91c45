import { expiry } from "../expiry.ts";
import { MemoryRooms } from "../memory-rooms.ts";
import { ownText } from "../own-text.ts";
import type { KeyValues } from "./key-values.ts";

/** Values in this thread's memory. */
export class MemoryKeyValues implements KeyValues {
  private readonly rooms: MemoryRooms;
  private readonly now: () => number;

  /** @param now in ms, monotonic */
  constructor(now: () => number = () => performance.now(), rooms = new MemoryRooms()) {
    this.now = now;
    this.rooms = rooms;
  }

  get(namespace: string, key: string): string | null {
    const entry = this.rooms.of(namespace).find(kindOf(key), this.now());
    return entry === null ? null : String(entry.value);
  }

  set(namespace: string, key: string, value: string, ttl: number | null): void {
    this.rooms.of(namespace).set(kindOf(key), ownText(value), expiry(this.now(), ttl));
  }

  delete(namespace: string, key: string): boolean {
    const room = this.rooms.of(namespace);
    const entry = room.find(kindOf(key), this.now());
    if (entry !== null) room.remove(entry);
    return entry !== null;
  }

  increment(namespace: string, key: string, by: number, ttl: number | null): number {
    const room = this.rooms.of(namespace);
    const now = this.now();
    const entry = room.find(kindOf(key), now);
    const sum = entry === null ? by : Number(entry.value) + by;
    if (!Number.isFinite(sum)) throw new TypeError(`Cannot increment ${key}: its value is not a number`);
    room.set(kindOf(key), String(sum), entry?.expires ?? expiry(now, ttl));
    return sum;
  }
}

/** Counters are in the same rooms. */
function kindOf(key: string): string {
  return ` ${key}`;
}
