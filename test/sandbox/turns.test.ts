import fc from "fast-check";
import t from "tap";
import { Turns } from "../../core/sandbox/host/turns.ts";

const reason = new Error("given up");

t.test("those that wait begin in the order in which they came, and who gave up is passed over", async (t) => {
  const turns = new Turns(1);
  t.equal(turns.enter(), null);
  t.ok(turns.mustWait);
  const begun: number[] = [];
  const leaving = new AbortController();
  const waiting = [1, 2, 3].map((id) =>
    turns.enter(id === 2 ? leaving.signal : undefined)!.then(() => void begun.push(id)),
  );
  leaving.abort(reason);
  await t.rejects(waiting[1]!, reason);
  turns.leave();
  await waiting[0];
  t.same(begun, [1]);
  turns.leave();
  await waiting[2];
  t.same(begun, [1, 3]);
  turns.leave();
  t.notOk(turns.mustWait);
});

t.test("who gives up when the turn has come has it, and has to give it back", async (t) => {
  const turns = new Turns(1);
  turns.enter();
  const leaving = new AbortController();
  const turn = turns.enter(leaving.signal)!;
  turns.leave();
  leaving.abort(reason);
  await t.resolves(turn);
  t.ok(turns.mustWait);
});

t.test("whatever happens, never more run than may, and every place comes back", async (t) => {
  const plan = fc.array(
    fc.record({
      length: fc.nat({ max: 4 }),
      pause: fc.nat({ max: 3 }),
      fails: fc.boolean(),
      leaves: fc.boolean(),
    }),
    { maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(plan, fc.integer({ min: 1, max: 4 }), async (pieces, atOnce) => {
      const turns = new Turns(atOnce);
      let running = 0;
      let most = 0;
      const run = async (length: number, fails: boolean) => {
        most = Math.max(most, ++running);
        for (let turn = 0; turn < length; turn++) await null;
        running--;
        if (fails) throw new Error("own");
      };
      const all: Promise<unknown>[] = [];
      for (const { length, pause, fails, leaves } of pieces) {
        if (leaves) {
          const leaving = new AbortController();
          const entered = async () => {
            const turn = turns.enter(leaving.signal);
            if (turn !== null) await turn;
            await run(length, fails).finally(() => turns.leave());
          };
          all.push(entered().catch(() => {}));
          leaving.abort(reason);
        } else all.push(turns.take(() => run(length, fails)).catch(() => {}));
        for (let turn = 0; turn < pause; turn++) await null;
      }
      await Promise.all(all);
      if (most > atOnce || running !== 0) throw new Error(`${most} of ${atOnce} at once, ${running} left`);
      for (let place = 0; place < atOnce; place++)
        if (turns.enter() !== null) throw new Error("a place was lost");
      if (!turns.mustWait) throw new Error("a place was made");
    }),
    { numRuns: 300 },
  );
  t.pass();
});
