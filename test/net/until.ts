import { setTimeout as sleep } from "node:timers/promises";

/** Waits for what has no event of its own. The test's time limit bounds it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10);
}
