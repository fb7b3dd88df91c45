import t from "tap";
import { Deadline } from "../../../core/sandbox/quickjs/deadline.ts";

/** A deadline on clocks that the test moves. */
function deadlineWithClocks() {
  const state = { progress: 0, wall: 100, cpu: 10 };
  const deadline = new Deadline(
    () => state.progress,
    () => state.wall,
    () => state.cpu,
  );
  const pass = (wall: number, cpu = wall) => {
    state.wall += wall;
    state.cpu += cpu;
    return deadline.check();
  };
  return { state, deadline, pass };
}

t.test("the deadline passes when the budget is used up, and stays passed", async (t) => {
  const { deadline, pass } = deadlineWithClocks();
  deadline.start(50);
  t.notOk(pass(0));
  t.notOk(pass(50));
  t.ok(pass(1));
  t.ok(deadline.hasPassed);
  deadline.start(50);
  t.ok(pass(0));
});

t.test("who has been stopped has 5 ms more, to tell where it was", async (t) => {
  const { deadline, pass } = deadlineWithClocks();
  deadline.start(50);
  pass(0);
  t.ok(pass(51));
  t.notOk(pass(5));
  t.ok(deadline.hasPassed);
  t.ok(pass(1));
});

t.test("every entry and every message has the whole budget", async (t) => {
  const { state, deadline, pass } = deadlineWithClocks();
  for (let n = 0; n < 5; n++) {
    deadline.start(50);
    t.notOk(pass(40));
    t.notOk(pass(40));
    state.progress++;
    t.notOk(pass(40));
    t.notOk(pass(40));
  }
});

t.test("a thread that waits for a processor uses up nothing", async (t) => {
  const { deadline, pass } = deadlineWithClocks();
  deadline.start(50);
  t.notOk(pass(0));
  t.notOk(pass(500, 20));
  t.notOk(pass(500, 20));
  t.ok(pass(11, 11));
});

t.test("the clocks tell the time that code takes", async (t) => {
  const deadline = new Deadline(() => 0);
  deadline.start(20);
  const start = performance.now();
  while (!deadline.check() && performance.now() - start < 5000);
  t.ok(deadline.hasPassed);
});
