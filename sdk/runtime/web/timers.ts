/**
 * `setTimeout` and its kin (HTML, "Timers"). The timers of a guest lie in its own memory, and the host wakes
 * it for the one that is due next.
 */

import { cancel, startCall } from "../host.ts";
import { HostOp } from "../host-op.ts";
import { longestEntryMs } from "../message.ts";
import { reportError } from "../report-error.ts";
import { DOMException } from "./dom-exception.ts";
import { now } from "./performance.ts";
import { TimerHeap, type Waiting } from "./timer-heap.ts";

type Callback = (...args: never[]) => unknown;

interface Timer extends Waiting {
  readonly handle: number;
  /** Until it is due again, in ms; 0: never. */
  readonly pause: number;
  readonly run: () => unknown;
}

/** Timers that one guest may have at once. */
const most = 100_000;
/** Intervals are never over: one for each request is a mistake that should be told of early. */
const mostIntervals = 1000;
/** An interval without a pause would keep the host busy for the guest. */
const shortestInterval = 1;

const timers = new Map<number, Timer>();
const heap = new TimerHeap<Timer>();
const settled = Promise.resolve();
// As it was before the plugin ran.
const { now: wallClock } = Date;
let intervals = 0;
let lastHandle = 0;
let lastOrder = 0;
/** The host call that ends when the guest is to be woken, and when that is. */
let wakeCall = 0;
let wakeAt = Number.POSITIVE_INFINITY;
let isFiring = false;
let beginTimer = (): void => {};

/** Says who is told before each timer calls: it has a CPU budget of its own, as a message has. */
export function bindTimers(begin: () => void): void {
  beginTimer = begin;
}

/**
 * Calls `callback` once, `ms` milliseconds from now.
 *
 * @throws TypeError for a callback that is no function; QuotaExceededError beyond 100 000 timers
 * @example const timer = setTimeout(() => console.warn("still waiting"), 500);
 */
export function setTimeout(callback: Callback, ms?: unknown, ...args: unknown[]): number {
  mustBeFunction("setTimeout", callback);
  return startTimer(duration(ms), () => callback(...(args as never[])));
}

/** Calls `callback` again and again; throws like `setTimeout`, and beyond 1000 intervals. */
export function setInterval(callback: Callback, ms?: unknown, ...args: unknown[]): number {
  mustBeFunction("setInterval", callback);
  if (intervals >= mostIntervals) {
    const text = `Cannot start an interval: ${mostIntervals} are running, which only clearInterval ends`;
    throw new DOMException(text, "QuotaExceededError");
  }
  const pause = Math.max(shortestInterval, duration(ms));
  const handle = start(pause, pause, () => callback(...(args as never[])));
  intervals++;
  return handle;
}

/** Stops a timer, of either kind; one that is over or unknown is left in peace. */
export function clearTimeout(handle?: unknown): void {
  stopTimer(Number(handle));
}

export { clearTimeout as clearInterval };

/** Calls `callback` as soon as what runs now has ended. */
export function queueMicrotask(callback: () => void): void {
  mustBeFunction("queueMicrotask", callback);
  settled.then(() => callOut(callback));
}

/** A timer of the runtime itself; it counts like those of the plugin. */
export function startTimer(ms: number, run: () => unknown): number {
  return start(ms, 0, run);
}

export function stopTimer(handle: number): void {
  const timer = timers.get(handle);
  if (timer === undefined) return;
  timers.delete(handle);
  if (timer.pause > 0) intervals--;
  // That of an interval which is calling is in no heap.
  if (timer.place >= 0) heap.remove(timer);
  arm();
}

function start(ms: number, pause: number, run: () => unknown): number {
  if (timers.size >= most) {
    throw new DOMException(`Cannot start a timer: ${most} are running`, "QuotaExceededError");
  }
  const timer = { handle: ++lastHandle, due: 0, order: 0, place: -1, pause, run };
  timers.set(timer.handle, timer);
  add(timer, ms);
  arm();
  return timer.handle;
}

function add(timer: Timer, ms: number): void {
  timer.due = now() + ms;
  timer.order = ++lastOrder;
  heap.add(timer);
}

/** Sees to it that the host wakes the guest in time; too early does no harm. */
function arm(): void {
  if (isFiring) return;
  const due = heap.first?.due ?? Number.POSITIVE_INFINITY;
  if (due === wakeAt || (due > wakeAt && due < Number.POSITIVE_INFINITY)) return;
  if (wakeCall !== 0) cancel(wakeCall);
  forgetWake();
  if (due === Number.POSITIVE_INFINITY) return;
  const { id, promise } = startCall(HostOp.timer, String(Math.max(0, due - now())));
  wakeCall = id;
  wakeAt = due;
  promise.then(
    () => {
      if (wakeCall === id) fireDue().catch((error) => reportError(error));
    },
    (error) => {
      if (wakeCall === id) forgetWake();
      reportError(error);
    },
  );
}

function forgetWake(): void {
  wakeCall = 0;
  wakeAt = Number.POSITIVE_INFINITY;
}

/** Calls what is due and was there before; what one has settled is heard of before the next. */
async function fireDue(): Promise<void> {
  const due = wakeAt;
  const newest = lastOrder;
  const began = wallClock();
  forgetWake();
  isFiring = true;
  try {
    // The clocks of the host differ by less than a millisecond.
    const until = Math.max(now(), due);
    while (wallClock() - began < longestEntryMs) {
      const { first } = heap;
      if (first === undefined || first.due > until || first.order > newest) break;
      fire(first);
      await undefined;
    }
  } finally {
    isFiring = false;
    arm();
  }
}

function fire(timer: Timer): void {
  heap.remove(timer);
  timer.place = -1;
  if (timer.pause === 0) timers.delete(timer.handle);
  beginTimer();
  callOut(timer.run);
  if (timer.pause > 0 && timers.has(timer.handle)) add(timer, timer.pause);
}

/** Web IDL's `long`: what is no number, negative or beyond 2^31 is 0. */
function duration(ms: unknown): number {
  return Math.max(0, (ms as number) | 0);
}

function callOut(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    reportError(error);
  }
}

function mustBeFunction(name: string, callback: unknown): void {
  if (typeof callback !== "function") throw new TypeError(`${name}: the callback is not a function`);
}
