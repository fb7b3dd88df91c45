import { bindReport } from "../../../sdk/runtime/report-error.ts";
import { performance } from "../../../sdk/runtime/web/performance.ts";
import {
  clearInterval,
  clearTimeout,
  queueMicrotask,
  setInterval,
  setTimeout,
} from "../../../sdk/runtime/web/timers.ts";
import { equal, ok, same, suite, throws, turns } from "./check.ts";
import { armed, clock, pass } from "./guest-side.ts";

export const { checks, check } = suite();

check("a timeout calls once, after its time, with its arguments", async () => {
  const calls: unknown[] = [];
  setTimeout((...args) => calls.push(args), 10, 1, "two");
  await pass(9);
  same(calls, []);
  await pass(50);
  same(calls, [[1, "two"]]);
});

check("timers fire in the order of their times", async () => {
  const order: number[] = [];
  for (const ms of [30, 10, 20]) setTimeout(() => order.push(ms), ms);
  await pass(30);
  same(order, [10, 20, 30]);
});

check("times that are no time are 0", async () => {
  for (const ms of [undefined, Number.NaN, -5, 2 ** 31, "x"]) {
    let called = false;
    setTimeout(() => {
      called = true;
    }, ms);
    await pass(0);
    ok(called, String(ms));
  }
});

check("a cleared timer never calls, and the host is told", async () => {
  let called = false;
  const handle = setTimeout(() => {
    called = true;
  }, 10);
  clearTimeout(handle);
  clearTimeout(handle);
  clearTimeout(undefined);
  clearTimeout(12345);
  equal(armed.size, 0);
  await pass(20);
  equal(called, false);
});

check("an interval calls until it is cleared, by itself too", async () => {
  let calls = 0;
  const handle = setInterval(() => {
    if (++calls === 3) clearInterval(handle);
  }, 10);
  await pass(100);
  same([calls, armed.size], [3, 0]);
});

check("an interval without a pause is one of 1 ms", async () => {
  let calls = 0;
  const handle = setInterval(() => calls++, 0);
  await pass(5);
  equal(calls, 5);
  clearTimeout(handle);
  equal(armed.size, 0);
});

check("a guest has at most 1000 timers at once", async () => {
  const handles = Array.from({ length: 1000 }, () => setTimeout(() => {}, 1000));
  throws("QuotaExceededError", () => setTimeout(() => {}, 1));
  throws("QuotaExceededError", () => setInterval(() => {}, 1));
  clearTimeout(handles[0]);
  setTimeout(() => {}, 1);
  await pass(1000);
  equal(armed.size, 0);
});

check("a callback that throws is reported, and an interval goes on", async () => {
  const reported: string[] = [];
  bindReport((error) => {
    reported.push((error as Error).message);
    throw new Error("a report that fails");
  });
  setTimeout(() => {
    throw new Error("timeout");
  }, 1);
  const handle = setInterval(() => {
    throw new Error("interval");
  }, 2);
  queueMicrotask(() => {
    throw new Error("microtask");
  });
  await pass(4);
  clearInterval(handle);
  same(reported, ["microtask", "timeout", "interval", "interval"]);
});

check("text is no callback: it is never compiled", () => {
  for (const start of [setTimeout, setInterval]) throws("TypeError", () => start("0" as never, 1));
  throws("TypeError", () => queueMicrotask("0" as never));
});

check("queueMicrotask calls after what runs now, in order", async () => {
  const order: number[] = [];
  queueMicrotask(() => order.push(2));
  queueMicrotask(() => order.push(3));
  order.push(1);
  await turns();
  same(order, [1, 2, 3]);
});

check("performance.now is the host's clock, and timeOrigin does not move", async () => {
  equal(performance.now(), clock.now);
  const origin = performance.timeOrigin;
  await pass(7.5);
  same([performance.now(), performance.timeOrigin], [clock.now, origin]);
});
