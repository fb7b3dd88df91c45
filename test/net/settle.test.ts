import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { whenSettled } from "../../core/net/settle.ts";
import { until } from "./until.ts";

t.test("a burst of touches is one call, made after it has become quiet", async (t) => {
  let calls = 0;
  const settling = whenSettled(() => calls++, { quiet: 20, longest: 10_000 });
  for (let count = 0; count < 50; count++) settling.touch();
  t.equal(calls, 0);
  await until(() => calls > 0);
  await sleep(60);
  t.equal(calls, 1);
});

t.test(
  "a burst that does not end is called about after the longest wait, and again after the next",
  async (t) => {
    let now = 0;
    let calls = 0;
    // A quiet time that never passes: only the longest wait, on a clock that the test moves, can end it.
    const settling = whenSettled(() => calls++, { quiet: 1_000_000, longest: 300, now: () => now });
    settling.touch();
    now = 299;
    settling.touch();
    await sleep(20);
    t.equal(calls, 1);
    settling.touch();
    await sleep(20);
    t.equal(calls, 1, "the wait starts anew");
    now = 600;
    settling.touch();
    await until(() => calls === 2);
    settling.close();
  },
);

t.test("what was closed does not call any more", async (t) => {
  let calls = 0;
  const settling = whenSettled(() => calls++, { quiet: 5, longest: 50 });
  settling.touch();
  settling.close();
  await sleep(30);
  t.equal(calls, 0);
});
