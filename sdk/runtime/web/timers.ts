/** `setTimeout` and its kin (HTML, "Timers") over the timers of the host. */

import { cancel, startCall } from "../host.ts";
import { HostOp } from "../host-op.ts";
import { reportError } from "../report-error.ts";
import { DOMException } from "./dom-exception.ts";

type Callback = (...args: never[]) => unknown;

/** Timers that one guest may have at once. */
const most = 1000;
/** An interval without a pause would keep the host busy for the guest. */
const shortestInterval = 1;

/** The host call that each timer waits for. */
const armed = new Map<number, number>();
const settled = Promise.resolve();
let lastHandle = 0;

/**
 * Calls `callback` once, `ms` milliseconds from now.
 *
 * @throws TypeError for a callback that is no function; QuotaExceededError beyond 1000 timers
 * @example const timer = setTimeout(() => console.warn("still waiting"), 500);
 */
export function setTimeout(callback: Callback, ms?: unknown, ...args: unknown[]): number {
  mustBeFunction("setTimeout", callback);
  return startTimer(duration(ms), () => callOut(callback, args));
}

/** Calls `callback` again and again; throws like `setTimeout`. */
export function setInterval(callback: Callback, ms?: unknown, ...args: unknown[]): number {
  mustBeFunction("setInterval", callback);
  const pause = Math.max(shortestInterval, duration(ms));
  const handle = newHandle();
  const again = (): void =>
    arm(handle, pause, () => {
      callOut(callback, args);
      if (armed.has(handle)) again();
    });
  again();
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
  settled.then(() => callOut(callback, []));
}

/** A timer of the runtime itself; it counts like those of the plugin. */
export function startTimer(ms: number, run: () => void): number {
  const handle = newHandle();
  arm(handle, ms, () => {
    armed.delete(handle);
    run();
  });
  return handle;
}

export function stopTimer(handle: number): void {
  const call = armed.get(handle);
  if (call === undefined) return;
  armed.delete(handle);
  cancel(call);
}

function newHandle(): number {
  if (armed.size >= most) {
    throw new DOMException(`Cannot start a timer: ${most} are running`, "QuotaExceededError");
  }
  return ++lastHandle;
}

function arm(handle: number, ms: number, onDue: () => void): void {
  const call = startCall(HostOp.timer, String(ms));
  armed.set(handle, call.id);
  call.promise.then(
    () => {
      if (armed.get(handle) === call.id) onDue();
    },
    (error) => {
      armed.delete(handle);
      reportError(error);
    },
  );
}

/** Web IDL's `long`: what is no number, negative or beyond 2^31 is 0. */
function duration(ms: unknown): number {
  return Math.max(0, (ms as number) | 0);
}

function callOut(callback: Callback, args: unknown[]): void {
  try {
    callback(...(args as never[]));
  } catch (error) {
    reportError(error);
  }
}

function mustBeFunction(name: string, callback: unknown): void {
  if (typeof callback !== "function") throw new TypeError(`${name}: the callback is not a function`);
}
