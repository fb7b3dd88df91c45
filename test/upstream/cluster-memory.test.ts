import { once } from "node:events";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import t from "tap";
import { type ClusterCounts, ClusterTable, createClusterMemory } from "../../core/upstream/cluster-memory.ts";
import { GradientLimit } from "../../core/upstream/overload/gradient-limit.ts";
import type { CountingThreadData, CountingThreadLog } from "./counting-thread.ts";

t.test(
  "a cluster has the same words in every table of the memory, and none of another cluster's",
  async (t) => {
    const memory = createClusterMemory();
    const [here, there] = [new ClusterTable(memory), new ClusterTable(memory)];
    const [app, other] = [here.acquire("app"), here.acquire("apq")];
    t.ok(app.tryRequest(1));
    const same = there.acquire("app");
    t.equal(same.inFlight, 1);
    t.notOk(same.tryRequest(1), "the only place is taken there, too");
    t.equal(same.inFlight, 1);
    t.equal(other.inFlight, 0);
    t.ok(other.tryRetry(1));
    t.equal(same.retries, 0);
    same.endRequest();
    t.equal(app.inFlight, 0);
    t.equal(here.size, 2);
  },
);

t.test("words are kept while anybody holds them, and begin anew when nobody did", async (t) => {
  const table = new ClusterTable(createClusterMemory());
  const first = table.acquire("app");
  first.tryRequest(9);
  const next = table.acquire("app");
  first.release();
  t.equal(next.inFlight, 1, "a reload takes the new ones before it gives back the old");
  next.release();
  t.equal(table.size, 0);
  t.equal(table.acquire("app").inFlight, 0);
});

t.test("a request that outlives its cluster counts where it was counted", async (t) => {
  const table = new ClusterTable(createClusterMemory(1));
  const gone = table.acquire("gone");
  gone.tryRequest(9);
  gone.hold();
  gone.release();
  const other = table.acquire("other");
  t.notOk(other.isShared, "the only slot is still in use");
  gone.endRequest();
  gone.release();
  t.equal(other.inFlight, 0);
  t.ok(table.acquire("third").isShared, "now it is free");
});

t.test("clusters for which there is no room count for themselves", async (t) => {
  const table = new ClusterTable(createClusterMemory(2));
  const shared = ["a", "b", "c", "d"].map((name) => table.acquire(name));
  t.same(
    shared.map(({ isShared }) => isShared),
    [true, true, false, false],
  );
  t.ok(shared[2]!.tryRequest(1));
  t.equal(shared[3]!.inFlight, 0);
});

t.test("whatever is taken and given back, names and words belong together", async (t) => {
  const name = fc.constantFrom("a", "b", "ä", "\u{1f600}", "a/b", "long".repeat(100));
  const step = fc.record({ name, takes: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const table = new ClusterTable(createClusterMemory(8));
      const held = new Map<string, ClusterCounts[]>();
      for (const { name, takes } of steps) {
        const mine = held.get(name) ?? [];
        held.set(name, mine);
        if (takes) {
          const counts = table.acquire(name);
          if (counts.inFlight !== mine.length) return false;
          counts.tryRequest(1_000);
          mine.push(counts);
        } else {
          const counts = mine.pop();
          counts?.endRequest();
          counts?.release();
        }
        const known = [...held.values()].filter(({ length }) => length > 0).length;
        if (table.size !== known) return false;
      }
      return true;
    }),
  );
  t.pass();
});

t.test("threads that count at once let no more through than may be, and leave nothing behind", async (t) => {
  const memory = createClusterMemory();
  const own = new SharedArrayBuffer(16);
  const table = new ClusterTable(memory);
  const counts = table.acquire("app");
  const most = 3;
  const logs = await Promise.all(
    [1, 2, 3, 4].map(async (seed) => {
      const workerData: CountingThreadData = { memory, own, most, seed, calls: 60_000 };
      const thread = new Worker(new URL("./counting-thread.ts", import.meta.url), { workerData });
      const [log] = await once(thread, "message");
      await thread.terminate();
      return log as CountingThreadLog;
    }),
  );
  for (const { tooMany, begun, refused } of logs) {
    t.equal(tooMany, 0);
    t.ok(begun > 1_000 && refused > 0, `${begun} begun, ${refused} refused`);
  }
  const limit = new GradientLimit({ least: 4, most: 64, tolerance: 1.5 }, undefined, undefined, counts.limit);
  t.equal(counts.inFlight, 0);
  t.equal(limit.inFlight, 0);
  t.ok(limit.limit >= 4 && limit.limit <= 64, `limit ${limit.limit}`);
  t.equal(table.size, 1);
});
