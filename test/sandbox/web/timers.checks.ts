import { settle } from "../../../sdk/runtime/host.ts";
import { bindReport } from "../../../sdk/runtime/report-error.ts";
import { performance } from "../../../sdk/runtime/web/performance.ts";
import {
  bindTimers,
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

check("the host wakes a guest for the timer that is due next, and has no others", async () => {
  const order: number[] = [];
  const handles = [50, 10, 30, 20, 40].map((ms) => setTimeout(() => order.push(ms), ms));
  same([...armed.values()], [clock.now + 10]);
  clearTimeout(handles[3]);
  await pass(25);
  same([order, armed.size], [[10], 1]);
  clearTimeout(handles[2]);
  await pass(25);
  same([order, armed.size], [[10, 40, 50], 0]);
});

check("any timer can be cleared, and the others keep their order", async () => {
  const fired: number[] = [];
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647);
  const start = clock.now;
  const wanted = Array.from({ length: 500 }, (_, n) => ({ n, ms: random() % 100, isCleared: n % 3 === 0 }));
  const handles = wanted.map(({ n, ms }) => setTimeout(() => fired.push(n), ms));
  for (const { n, isCleared } of [...wanted].reverse()) if (isCleared) clearTimeout(handles[n]);
  await pass(200);
  await turns(500);
  equal(clock.now, start + 200);
  const left = wanted.filter(({ isCleared }) => !isCleared).sort((a, b) => a.ms - b.ms || a.n - b.n);
  same([fired, armed.size], [left.map(({ n }) => n), 0]);
});

check("what one timer has settled is heard of before the next", async () => {
  const order: string[] = [];
  const first = new Promise<void>((resolve) => setTimeout(resolve, 5));
  const next = setTimeout(() => order.push("next"), 5);
  first.then(() => clearTimeout(next));
  await pass(10);
  same(order, []);
});

check("a timer that is started by one that is due waits for the next wake-up", async () => {
  const order: string[] = [];
  setTimeout(() => {
    order.push("a");
    setTimeout(() => order.push("c"), 0);
  }, 5);
  setTimeout(() => order.push("b"), 5);
  await pass(5);
  same([order, armed.size], [["a", "b", "c"], 0]);
});

check("timers that take long leave the others for the next wake-up", async () => {
  let calls = 0;
  const work = () => {
    calls++;
    // Longer than all that one entry has.
    for (const end = Date.now() + 12; Date.now() < end; );
  };
  for (let n = 0; n < 4; n++) setTimeout(work, 5);
  await pass(4.5);
  const [id] = [...armed.keys()];
  clock.now += 0.5;
  armed.delete(id!);
  settle(id!, "=");
  await turns();
  same([calls, armed.size], [1, 1]);
  await pass(10);
  same([calls, armed.size], [4, 0]);
});

check("a guest has at most 100 000 timers at once", async () => {
  const handles = Array.from({ length: 100_000 }, () => setTimeout(() => {}, 1000));
  throws("QuotaExceededError", () => setTimeout(() => {}, 1));
  throws("QuotaExceededError", () => setInterval(() => {}, 1));
  equal(armed.size, 1);
  clearTimeout(handles[0]);
  handles[0] = setTimeout(() => {}, 1);
  for (const handle of handles) clearTimeout(handle);
  equal(armed.size, 0);
});

check("a guest has at most 1000 intervals at once, and hears what ends them", async () => {
  const handles = Array.from({ length: 1000 }, () => setInterval(() => {}, 1000));
  const { message } = throws("QuotaExceededError", () => setInterval(() => {}, 1));
  equal(message, "Cannot start an interval: 1000 are running, which only clearInterval ends");
  clearTimeout(setTimeout(() => {}, 1));
  clearInterval(handles[0]);
  handles[0] = setInterval(() => {}, 1000);
  for (const handle of handles) clearInterval(handle);
  equal(armed.size, 0);
});

check("a wake-up that the host refuses is asked for again with the next timer", async () => {
  const reported: string[] = [];
  bindReport((error) => reported.push((error as Error).message));
  let calls = 0;
  setTimeout(() => calls++, 10);
  const [id] = [...armed.keys()];
  armed.delete(id!);
  settle(id!, "!QuotaExceededError:Too many");
  await turns();
  setTimeout(() => calls++, 20);
  await pass(20);
  same([reported, calls], [["Too many"], 2]);
});

check("a call that fails before its timer has run ends no other timer", async () => {
  const reported: string[] = [];
  bindReport((error) => reported.push((error as Error).message));
  let calls = 0;
  const handle = setInterval(() => calls++, 10);
  setTimeout(() => calls++, 1);
  bindTimers(() => {
    throw new Error("not now");
  });
  await pass(1);
  bindTimers(() => {});
  await pass(20);
  clearInterval(handle);
  same([reported, calls], [["not now"], 2]);
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
