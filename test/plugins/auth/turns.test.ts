import fc from "fast-check";
import t from "tap";
import { Turns } from "../../../plugins/auth/turns.ts";

/** Turns behind a clock, and pieces of work that end when they are told. */
function start(atOnce: number, mostWaiting: number, longestWait = 1000) {
  const clock = { time: 0 };
  const turns = new Turns({ atOnce, mostWaiting, longestWait, now: () => clock.time });
  const begun: number[] = [];
  const gates = new Map<number, PromiseWithResolvers<void>>();
  const take = (id: number) =>
    turns
      .take(async () => {
        begun.push(id);
        const gate = Promise.withResolvers<void>();
        gates.set(id, gate);
        await gate.promise;
        return id;
      })
      .catch((error: Error) => error.name);
  const end = async (id: number) => {
    gates.get(id)!.resolve();
    for (let turn = 0; turn < 10; turn++) await null;
  };
  return { clock, turns, take, end, begun };
}

t.test("so many run at a time, and the others in the order in which they came", async (t) => {
  const { take, end, begun } = start(2, 10);
  const all = [1, 2, 3, 4].map(take);
  await null;
  t.same(begun, [1, 2]);
  await end(2);
  t.same(begun, [1, 2, 3]);
  await end(1);
  t.same(begun, [1, 2, 3, 4]);
  await end(3);
  await end(4);
  t.same(await Promise.all(all), [1, 2, 3, 4]);
});

t.test("too many are refused at once, and who waited too long when its turn comes", async (t) => {
  const { clock, take, end, begun } = start(1, 2);
  const [first, second, third, fourth] = [1, 2, 3, 4].map(take);
  t.equal(await fourth, "Busy");
  clock.time = 1001;
  const late = take(5);
  t.equal(await late, "Busy", "those before it wait still");
  await end(1);
  t.equal(await first, 1);
  t.equal(await second, "Busy");
  t.equal(await third, "Busy");
  t.same(begun, [1]);
  const next = take(6);
  await null;
  await end(6);
  t.equal(await next, 6, "there is a free place again");
});

t.test("work that fails makes room for the next", async (t) => {
  const { turns } = start(1, 5);
  const all = [1, 2, 3].map((id) =>
    turns.take(() => {
      if (id === 2) throw new Error("own");
      return id;
    }),
  );
  const results = await Promise.allSettled(all);
  t.same(
    results.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
});

t.test("whatever happens, never more run than may, and every place comes back", async (t) => {
  const plan = fc.array(
    fc.record({ length: fc.nat({ max: 4 }), pause: fc.nat({ max: 3 }), fails: fc.boolean() }),
    { maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(plan, fc.integer({ min: 1, max: 4 }), async (pieces, atOnce) => {
      const clock = { time: 0 };
      const turns = new Turns({ atOnce, mostWaiting: 6, longestWait: 5, now: () => clock.time });
      let running = 0;
      let most = 0;
      const all: Promise<unknown>[] = [];
      for (const { length, pause, fails } of pieces) {
        const work = async () => {
          most = Math.max(most, ++running);
          for (let turn = 0; turn < length; turn++) await null;
          running--;
          if (fails) throw new Error("own");
        };
        all.push(turns.take(work).catch(() => {}));
        for (let turn = 0; turn < pause; turn++) await null;
        clock.time += pause;
      }
      await Promise.all(all);
      if (most > atOnce || running !== 0) throw new Error(`${most} of ${atOnce}, ${running} left`);
      let free = 0;
      const gate = Promise.withResolvers<void>();
      const last = Array.from({ length: atOnce }, () =>
        turns.take(() => {
          free++;
          return gate.promise;
        }),
      );
      for (let turn = 0; turn < 5; turn++) await null;
      if (free !== atOnce) throw new Error(`${free} of ${atOnce} places came back`);
      gate.resolve();
      await Promise.all(last);
    }),
    { numRuns: 300 },
  );
  t.pass();
});
