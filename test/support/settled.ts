import { setTimeout as sleep } from "node:timers/promises";

/** ms in which a value that still moves would have moved. */
const calm = 250;

/** Waits until the value stays what it is: for what has stopped, and says so by nothing but that. */
export async function settled(value: () => number): Promise<number> {
  for (let before = Number.NaN; ; ) {
    const now = value();
    if (now === before) return now;
    before = now;
    await sleep(calm);
  }
}
