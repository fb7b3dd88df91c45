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
  for (const expected of [2, 2, 2, 2, 2, 1]) {
    t.equal(running(), expected);
    await endOldest();
  }
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
