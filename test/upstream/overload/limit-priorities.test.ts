/** An adaptive limit under requests of different importance. */
import t from "tap";
import { GradientLimit } from "../../../core/upstream/overload/gradient-limit.ts";
import { limitWords } from "../../../core/upstream/overload/limit-memory.ts";
import { type Priority, priorities } from "../../../core/upstream/overload/priority.ts";
import { Random } from "../../support/random.ts";
import { QueueingServer } from "./queueing-server.ts";

const config = { least: 3, most: 1000, tolerance: 1.5 };
/** 2000 requests a second. */
const twenty = { workers: 20, serviceTime: 10, steady: false };

/**
 * @param shares of the requests, by priority
 * @param reactors that share the limit
 */
function overloaded(load: number, shares: readonly number[], reactors = 1, shape = { ...twenty }) {
  const random = new Random(7);
  const server = new QueueingServer(shape, random);
  const words = new Int32Array(limitWords);
  const limits = Array.from(
    { length: reactors },
    () =>
      new GradientLimit(
        config,
        () => server.now,
        () => random.next(),
        words,
      ),
  );
  const any = () => limits[random.int(0, reactors - 1)]!;
  const asked = [0, 0, 0, 0];
  const taken = [0, 0, 0, 0];
  server.behind({
    get limit() {
      return limits[0]!.limit;
    },
    onEnd: (latency, ok) => any().onEnd(latency, ok),
    onStart() {
      const priority = draw(shares, random.next());
      const isOpen = any().onStart(priority);
      asked[priority]!++;
      if (isOpen) taken[priority]!++;
      return isOpen;
    },
  });
  server.load = load;
  const run = (ms: number) => {
    asked.fill(0);
    taken.fill(0);
    const served = server.run(ms);
    return { ...served, share: priorities.map((priority) => taken[priority]! / asked[priority]!) };
  };
  return { server, run };
}

function draw(shares: readonly number[], luck: number): Priority {
  let sum = 0;
  for (const priority of priorities) {
    sum += shares[priority]!;
    if (luck < sum) return priority;
  }
  return 3;
}

for (const reactors of [1, 4]) {
  t.test(`of five times the load the most important tenth is served, by ${reactors} reactors`, async (t) => {
    const { run } = overloaded(10_000, [0.1, 0, 0, 0.9], reactors);
    run(5_000);
    const { share, served, latency } = run(60_000);
    t.ok(share[0]! > 0.97, `${share[0]} of the important ones`);
    t.ok(served > 120_000 * 0.93, `${served} of 120000 that it can serve`);
    t.ok(latency < 10 * 1.5 * 1.35, `latency ${latency}`);
  });
}

t.test("each priority fares better than the one behind it", async (t) => {
  const { run } = overloaded(4_000, [0.25, 0.25, 0.25, 0.25]);
  run(5_000);
  const { share, served } = run(60_000);
  for (let i = 1; i < share.length; i++) t.ok(share[i]! < share[i - 1]!, `${share}`);
  t.ok(share[0]! > 0.9 && share[3]! < 0.15, `${share}`);
  t.ok(served > 120_000 * 0.95);
});

for (const priority of priorities) {
  t.test(
    `a server that is asked only with priority ${priority} is used, whatever the limit begins with`,
    async (t) => {
      const shares = priorities.map((candidate) => (candidate === priority ? 1 : 0));
      const { run } = overloaded(4_000, shares);
      run(5_000);
      const { served, latency } = run(60_000);
      t.ok(served > 120_000 * 0.93, `${served} of 120000`);
      t.ok(latency < 10 * 1.5 * 1.35, `latency ${latency}`);
      const slow = overloaded(4_000, shares, 1, { ...twenty, workers: 2 });
      slow.run(5_000);
      slow.server.shape.workers = 20;
      slow.run(30_000);
      t.ok(slow.run(30_000).served > 60_000 * 0.9, "a limit that was low for long grows again");
    },
  );
}
