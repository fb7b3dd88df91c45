import { setImmediate as nextTurn } from "node:timers/promises";
import t from "tap";
import { Turn } from "../../core/net/turn.ts";

t.test("tasks of a turn run together at its end, in order", async (t) => {
  const turn = new Turn();
  const ran: number[] = [];
  for (const n of [1, 2, 3]) turn.schedule({ run: () => ran.push(n) });
  t.same(ran, []);
  await nextTurn();
  t.same(ran, [1, 2, 3]);
});

t.test("a task scheduled by a task runs in the next turn", async (t) => {
  const turn = new Turn();
  const ran: number[] = [];
  turn.schedule({
    run() {
      turn.schedule({ run: () => ran.push(turn.number) });
      ran.push(turn.number);
    },
  });
  await nextTurn();
  t.same(ran, [1]);
  await nextTurn();
  t.same(ran, [1, 2]);
});

t.test("what a task asks for soon runs in its own turn, after all the others", async (t) => {
  const turn = new Turn();
  const ran: string[] = [];
  const task = (name: string, soon: string[]) => ({
    run() {
      ran.push(`${name}${turn.number}`);
      for (const next of soon) turn.soon(task(next, []));
    },
  });
  turn.schedule(task("a", ["c", "d"]));
  turn.schedule(task("b", []));
  await nextTurn();
  t.same(ran, ["a1", "b1", "c1", "d1"]);
  turn.soon(task("e", []));
  t.equal(ran.length, 4, "outside of a turn it waits for the next one");
  await nextTurn();
  t.same(ran.at(-1), "e2");
});

t.test("a turn that was marked counts, and two of them make a poll of every socket", async (t) => {
  const turn = new Turn();
  const settled = turn.mark();
  await nextTurn();
  t.ok(turn.number < settled, "the turn of the mark itself has not polled again");
  turn.mark();
  await nextTurn();
  t.ok(turn.number >= settled);
});

t.test("a task that throws keeps no other from running", (t) => {
  const turn = new Turn();
  const ends: (() => void)[] = [];
  t.capture(globalThis, "setImmediate", (end: () => void) => ends.push(end));
  const ran: string[] = [];
  const task = (name: string) => ({ run: () => void ran.push(`${name}${turn.number}`) });
  const failing = {
    run() {
      turn.soon(task("c"));
      turn.schedule(task("d"));
      throw new Error("broken");
    },
  };
  for (const each of [task("a"), failing, task("b")]) turn.schedule(each);
  t.throws(() => ends.shift()!(), { message: "broken" });
  t.strictSame(ran, ["a1"]);
  turn.soon(task("e"));
  ends.shift()!();
  t.strictSame(ran, ["a1", "b2", "c2", "d2", "e2"], "in the next turn, in order");
  t.strictSame(ends, []);
  t.end();
});
