import { setImmediate } from "node:timers/promises";
import t from "tap";
import { defaultCryptoLimits } from "../../../core/sandbox/host/crypto/limits.ts";
import { CryptoOperations } from "../../../core/sandbox/host/crypto/operations.ts";

/** Work that ends when the test says so, and how many such works run now. */
function controlledWork() {
  const ends: (() => void)[] = [];
  let running = 0;
  const work = async () => {
    running++;
    await new Promise<void>((resolve) => ends.push(resolve));
    running--;
  };
  const endOldest = async () => {
    ends.shift()!();
    await setImmediate();
  };
  return { work, endOldest, running: () => running };
}

t.test(
  "more than may run wait in the order in which they came; more than may wait are refused",
  async (t) => {
    const operations = new CryptoOperations({ ...defaultCryptoLimits, operations: 2, waiting: 2 });
    const { work, endOldest, running } = controlledWork();
    const ended: number[] = [];
    const start = (n: number) => operations.run(10, work).then(() => void ended.push(n));
    const all = [1, 2, 3, 4].map(start);
    await t.rejects(operations.run(0, work), { name: "QuotaExceededError", message: /4 are under way/ });
    for (const expected of [2, 2, 2, 1]) {
      t.equal(running(), expected);
      await endOldest();
    }
    await Promise.all(all);
    t.same(ended, [1, 2, 3, 4]);
    t.equal(operations.size, 0);
    const last = operations.run(0, work);
    t.equal(running(), 1, "there is room again");
    await endOldest();
    await last;
  },
);

t.test("heavy work that waits is in no other's way, and is bounded by itself", async (t) => {
  const operations = new CryptoOperations({ ...defaultCryptoLimits, operations: 3 });
  const { work, endOldest, running } = controlledWork();
  const heavy = [1, 2, 3].map(() => operations.runHeavy(0, work));
  await t.rejects(operations.runHeavy(0, work), { name: "QuotaExceededError", message: /that take long/ });
  t.equal(await operations.run(0, async () => "quick"), "quick");
  for (let n = 0; n < 3; n++) {
    t.equal(running(), 1);
    await endOldest();
  }
  await Promise.all(heavy);
  t.equal(await operations.runHeavy(0, async () => "again"), "again");
});

t.test("what waits holds its bytes, and gives them up with its guest", async (t) => {
  const operations = new CryptoOperations({ ...defaultCryptoLimits, operations: 1, runningBytes: 100 });
  const { work, endOldest, running } = controlledWork();
  const all = Promise.allSettled([operations.run(50, work), operations.run(50, work)]);
  await t.rejects(operations.run(1, work), { name: "QuotaExceededError", message: /more than 100 bytes/ });
  operations.dispose();
  await endOldest();
  t.same(
    (await all).map(({ status }) => status),
    ["fulfilled", "rejected"],
  );
  t.equal(running(), 0);
  t.equal(operations.size, 0);
});

t.test("heavy work of one guest is done one at a time, in order", async (t) => {
  const operations = new CryptoOperations(defaultCryptoLimits);
  const { work, endOldest, running } = controlledWork();
  const ended: number[] = [];
  const all = [1, 2, 3].map((n) => operations.runHeavy(0, work).then(() => ended.push(n)));
  await setImmediate();
  for (let n = 1; n <= 3; n++) {
    t.equal(running(), 1);
    t.equal(operations.size, 4 - n);
    await endOldest();
  }
  await Promise.all(all);
  t.same(ended, [1, 2, 3]);
  t.equal(operations.size, 0);
});

t.test("heavy work of all guests together leaves threads free", async (t) => {
  const { work, endOldest, running } = controlledWork();
  const all = Array.from({ length: 6 }, () => new CryptoOperations(defaultCryptoLimits).runHeavy(0, work));
  await setImmediate();
  for (let n = 0; n < 6; n++) {
    t.equal(running(), 1);
    await endOldest();
  }
  await Promise.all(all);
});

t.test(
  "one guest's flood leaves threads free, and another guest's one operation is next but one",
  async (t) => {
    const [hog, other] = [
      new CryptoOperations(defaultCryptoLimits),
      new CryptoOperations(defaultCryptoLimits),
    ];
    const { work, endOldest, running } = controlledWork();
    const ended: string[] = [];
    const all = Array.from({ length: 64 }, () => hog.run(0, work).then(() => ended.push("hog")));
    await setImmediate();
    t.equal(running(), 2);
    all.push(other.run(0, work).then(() => ended.push("other")));
    for (let n = 0; n < 65; n++) {
      t.equal(running(), n < 64 ? 2 : 1);
      await endOldest();
    }
    await Promise.all(all);
    t.ok(ended.indexOf("other") <= 4, `as number ${ended.indexOf("other")}`);
  },
);

t.test("heavy work leaves a thread for what is not, and what is not leaves one for it in turn", async (t) => {
  const [hog, other] = [new CryptoOperations(defaultCryptoLimits), new CryptoOperations(defaultCryptoLimits)];
  const heavy = controlledWork();
  const quick = controlledWork();
  const all: Promise<void>[] = Array.from({ length: 4 }, () => hog.runHeavy(0, heavy.work));
  for (let n = 0; n < 8; n++) all.push(other.run(0, quick.work));
  await setImmediate();
  t.same([heavy.running(), quick.running()], [1, 1]);
  await heavy.endOldest();
  await quick.endOldest();
  await quick.endOldest();
  t.same([heavy.running(), quick.running()], [1, 1]);
  for (let n = 0; n < 6; n++) await quick.endOldest();
  for (let n = 0; n < 3; n++) await heavy.endOldest();
  await Promise.all(all);
});

t.test("heavy work that fails makes room for the next", async (t) => {
  const operations = new CryptoOperations(defaultCryptoLimits);
  const fail = () => operations.runHeavy(10, () => Promise.reject(new Error("own")));
  const results = await Promise.allSettled([fail(), fail(), fail()]);
  t.ok(results.every(({ status }) => status === "rejected"));
  t.equal(await operations.runHeavy(0, async () => "done"), "done");
  t.equal(operations.size, 0);
});

t.test("work that waits is given up when its guest is gone; what runs ends by itself", async (t) => {
  const operations = new CryptoOperations(defaultCryptoLimits);
  const { work, endOldest, running } = controlledWork();
  const all = [1, 2, 3].map(() => operations.runHeavy(10, work));
  const settled = Promise.allSettled(all);
  await setImmediate();
  operations.dispose();
  t.equal(running(), 1);
  await endOldest();
  t.same(
    (await settled).map(({ status }) => status),
    ["fulfilled", "rejected", "rejected"],
  );
  t.equal(running(), 0, "nothing of it began afterwards");
  t.equal(operations.size, 0);
  await t.rejects(operations.runHeavy(0, work), { name: "InvalidStateError" });
});
