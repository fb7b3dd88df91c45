/** A thread that begins and ends requests and retries of one cluster as fast as it can. */
import { parentPort, workerData } from "node:worker_threads";
import { ClusterTable } from "../../core/upstream/cluster-memory.ts";
import { GradientLimit } from "../../core/upstream/overload/gradient-limit.ts";
import { Random } from "../support/random.ts";

export interface CountingThreadData {
  readonly memory: SharedArrayBuffer;
  /** Requests at once, by this test's own count; and retries. */
  readonly own: SharedArrayBuffer;
  readonly most: number;
  readonly seed: number;
  readonly calls: number;
}

export interface CountingThreadLog {
  /** How often more were let through than may be. */
  readonly tooMany: number;
  readonly begun: number;
  readonly refused: number;
}

const { memory, own, most, seed, calls } = workerData as CountingThreadData;
const random = new Random(seed);
const mine = new Int32Array(own);
const table = new ClusterTable(memory);
const log = { tooMany: 0, begun: 0, refused: 0 };

for (let round = 0; round < 20; round++) {
  const counts = table.acquire("app");
  const limit = new GradientLimit(
    { least: 4, most: 64, tolerance: 1.5 },
    undefined,
    () => random.next(),
    counts.limit,
  );
  const ends: (() => void)[] = [];
  for (let call = 0; call < calls / 20; call++) {
    if (random.chance(0.5)) {
      if (counts.tryRequest(most)) {
        log.begun++;
        if (Atomics.add(mine, 0, 1) >= most) log.tooMany++;
        ends.push(() => {
          Atomics.sub(mine, 0, 1);
          counts.endRequest();
        });
      } else log.refused++;
    } else if (limit.onStart()) ends.push(() => limit.onEnd(random.int(1, 20), random.chance(0.9)));
    while (ends.length > 0 && random.chance(0.6)) ends.splice(random.int(0, ends.length - 1), 1)[0]!();
  }
  for (const end of ends) end();
  counts.release();
}
parentPort!.postMessage(log satisfies CountingThreadLog);
