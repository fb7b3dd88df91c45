import type { ValueCheck } from "./check.ts";

export const timeChecks: readonly ValueCheck[] = [
  {
    title: "AbortController aborts its signal once",
    code: `const c = new AbortController(); let n = 0; c.signal.addEventListener("abort", () => n++); c.signal.onabort = () => n++; c.abort("a"); c.abort("b"); return [c.signal.aborted, c.signal.reason, n];`,
    expected: [true, "a", 2],
  },
  {
    title: "Abort without a reason is an AbortError",
    code: `const c = new AbortController(); c.abort(); c.signal.throwIfAborted();`,
    throws: "AbortError",
  },
  {
    title: "AbortSignal.timeout aborts with a TimeoutError",
    code: `const s = AbortSignal.timeout(5); await new Promise((resolve) => s.addEventListener("abort", resolve)); s.throwIfAborted();`,
    throws: "TimeoutError",
  },
  {
    title: "AbortSignal.any follows the first",
    code: `const a = new AbortController(); const s = AbortSignal.any([a.signal, new AbortController().signal]); a.abort("a"); return [s.aborted, s.reason, AbortSignal.any([AbortSignal.abort("b")]).reason];`,
    expected: [true, "a", "b"],
  },
  {
    title: "EventTarget calls listeners in order, once when asked, not when removed",
    code: `const t = new EventTarget(); const seen = []; const gone = () => seen.push("gone"); t.addEventListener("x", () => seen.push("a")); t.addEventListener("x", () => seen.push("b"), { once: true }); t.addEventListener("x", gone); t.removeEventListener("x", gone); t.dispatchEvent(new Event("x")); t.dispatchEvent(new Event("x")); return seen;`,
    expected: ["a", "b", "a"],
  },
  {
    title: "setTimeout waits, passes arguments and keeps order",
    code: `const seen = []; setTimeout((x) => seen.push(x), 20, "late"); setTimeout((x) => seen.push(x), 1, "early"); await new Promise((resolve) => setTimeout(resolve, 40)); return seen;`,
    expected: ["early", "late"],
  },
  {
    title: "clearTimeout stops a timer, and others are left in peace",
    code: `let n = 0; const timer = setTimeout(() => n++, 1); clearTimeout(timer); clearTimeout(12345); clearTimeout(undefined); await new Promise((resolve) => setTimeout(resolve, 15)); return n;`,
    expected: 0,
  },
  {
    title: "setInterval goes on until it is cleared",
    code: `let n = 0; await new Promise((resolve) => { const timer = setInterval(() => { if (++n === 3) { clearInterval(timer); resolve(); } }, 1); }); await new Promise((resolve) => setTimeout(resolve, 10)); return n;`,
    expected: 3,
  },
  {
    title: "queueMicrotask comes before timers and after what runs",
    code: `const seen = []; setTimeout(() => seen.push("timer"), 0); queueMicrotask(() => seen.push("micro")); seen.push("now"); await new Promise((resolve) => setTimeout(resolve, 10)); return seen;`,
    expected: ["now", "micro", "timer"],
  },
  { title: "setTimeout refuses what is no function", code: `setTimeout("x", 1);`, throws: "TypeError" },
  {
    title: "Deadlines that nobody clears are no limit for those that follow",
    code: `const late = (ms) => new Promise((_, no) => setTimeout(() => no(new Error("late")), ms)); let n = 0; for (; n < 1500; n++) await Promise.race([n, late(200)]); const error = await Promise.race([new Promise(() => {}), late(1)]).catch((error) => error.message); return [n, error];`,
    expected: [1500, "late"],
  },
  {
    title: "One guest has a thousand intervals at most",
    code: `const timers = []; try { for (let i = 0; i < 1001; i++) timers.push(setInterval(() => {}, 60000)); } finally { timers.forEach(clearInterval); }`,
    throws: "QuotaExceededError",
  },
  {
    title: "Timers that are due together come in the order in which they were started",
    code: `const seen = []; for (let n = 0; n < 200; n++) setTimeout(() => seen.push(n), 5 + (n % 2)); await new Promise((resolve) => setTimeout(resolve, 60)); return [seen.length, seen.filter((n) => n % 2 === 0).every((n, i) => n === 2 * i)];`,
    expected: [200, true],
  },
  {
    title: "A timer that was cleared makes room for another",
    code: `for (let i = 0; i < 3000; i++) clearTimeout(setTimeout(() => {}, 60000)); return "fine";`,
    expected: "fine",
  },
  {
    title: "What a timer throws hurts nobody else",
    code: `setTimeout(() => { throw new Error("alone"); }, 0); await new Promise((resolve) => setTimeout(resolve, 10)); return "fine";`,
    expected: "fine",
  },
  {
    title: "performance.now goes on and Date.now is the wall clock",
    code: `const a = performance.now(); await new Promise((resolve) => setTimeout(resolve, 5)); const b = performance.now(); return [b - a >= 3, b - a < 5000, Math.abs(performance.timeOrigin + b - Date.now()) < 1000];`,
    expected: [true, true, true],
  },
  {
    title: "console takes anything",
    code: `const cycle = {}; cycle.self = cycle; console.log("%s has %d", "a", 1, cycle, Symbol("s"), 1n, null, undefined, new Map([[1, 2]]), new Error("x"), () => 1); console.table([1]); console.group("g"); console.groupEnd(); console.assert(false, "a"); console.count(); console.time(); console.timeEnd(); console.trace("t"); console.dir({}); return "fine";`,
    expected: "fine",
  },
  {
    title: "console survives objects that fight back",
    code: `console.log({ get x() { throw new Error("no"); } }, { toString() { throw 1; } }, new Proxy({}, { ownKeys() { throw 2; }, get() { throw 3; }, getPrototypeOf() { throw 4; } })); return "fine";`,
    expected: "fine",
  },
];
