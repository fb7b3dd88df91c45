import { bindReport } from "../../../sdk/runtime/report-error.ts";
import { AbortController, AbortSignal, onAbort } from "../../../sdk/runtime/web/abort.ts";
import { DOMException } from "../../../sdk/runtime/web/dom-exception.ts";
import { Event, EventTarget } from "../../../sdk/runtime/web/event-target.ts";
import { equal, same, suite, throws } from "./check.ts";
import { armed, pass } from "./guest-side.ts";

export const { checks, check } = suite();

check("a DOMException has a name, the code of that name and a stack", () => {
  const error = new DOMException("stopped", "AbortError");
  same(
    [error.name, error.message, error.code, String(error)],
    ["AbortError", "stopped", 20, "AbortError: stopped"],
  );
  same([new DOMException().name, new DOMException("", "Own").code], ["Error", 0]);
  same([error instanceof Error, Object.prototype.toString.call(error)], [true, "[object DOMException]"]);
  equal(typeof error.stack, "string");
  equal(new DOMException("", "toString").code, 0);
});

check("a controller aborts its signal once, with the reason or an AbortError", () => {
  const controller = new AbortController();
  const { signal } = controller;
  const heard: unknown[] = [];
  signal.addEventListener("abort", (event) => heard.push(event.target === signal, event.type));
  signal.onabort = () => heard.push("onabort");
  equal(signal.aborted, false);
  signal.throwIfAborted();
  controller.abort();
  controller.abort("again");
  same(heard, [true, "abort", "onabort"]);
  equal((signal.reason as Error).name, "AbortError");
  throws("AbortError", () => signal.throwIfAborted());
  equal(AbortSignal.abort("why").reason, "why");
});

check("a plugin cannot construct an AbortSignal", () => {
  throws("TypeError", () => new AbortSignal());
});

check("AbortSignal.any follows the first of its signals, at any depth", () => {
  const [one, two] = [new AbortController(), new AbortController()];
  const any = AbortSignal.any([AbortSignal.any([one.signal]), two.signal]);
  let heard = 0;
  any.addEventListener("abort", () => heard++);
  two.abort("two");
  one.abort("one");
  same([any.aborted, any.reason, heard], [true, "two", 1]);
  equal(AbortSignal.any([one.signal, new AbortController().signal]).reason, "one");
  equal(AbortSignal.any([]).aborted, false);
});

check("AbortSignal.any that nobody listens to still tells which signal was first", () => {
  const [one, two] = [new AbortController(), new AbortController()];
  const any = AbortSignal.any([one.signal, two.signal]);
  two.abort("two");
  one.abort("one");
  equal(any.reason, "two");
});

check("a timeout aborts with a TimeoutError when its time is over", async () => {
  const signal = AbortSignal.timeout(100);
  let heard = 0;
  signal.onabort = () => heard++;
  await pass(99);
  same([signal.aborted, heard], [false, 0]);
  await pass(1);
  same([signal.aborted, heard, (signal.reason as Error).name], [true, 1, "TimeoutError"]);
  throws("TypeError", () => AbortSignal.timeout(-1));
  throws("TypeError", () => AbortSignal.timeout(Number.NaN));
});

check("a timeout holds a timer only while somebody listens", async () => {
  const signal = AbortSignal.timeout(100);
  const any = AbortSignal.any([signal]);
  equal(armed.size, 0);
  const stop = onAbort(any, () => {});
  const stopAgain = onAbort(any, () => {});
  equal(armed.size, 1);
  stop();
  equal(armed.size, 1);
  stopAgain();
  equal(armed.size, 0);
  await pass(100);
  same([signal.aborted, any.aborted], [true, true]);
});

check("thousands of timeouts that are over leave nothing behind", () => {
  for (let n = 0; n < 5000; n++) onAbort(AbortSignal.timeout(60_000), () => {})();
  equal(armed.size, 0);
});

check("what the runtime does on abort comes before the listeners", () => {
  const controller = new AbortController();
  const order: string[] = [];
  controller.signal.addEventListener("abort", () => order.push("listener"));
  onAbort(controller.signal, () => order.push("runtime"));
  onAbort(controller.signal, () => order.push("never"))();
  controller.abort();
  same(order, ["runtime", "listener"]);
});

check("a listener that throws is reported and stops nobody else", () => {
  const reported: unknown[] = [];
  bindReport((error) => reported.push((error as Error).message));
  const controller = new AbortController();
  let heard = 0;
  controller.signal.addEventListener("abort", () => {
    throw new Error("mine");
  });
  controller.signal.addEventListener("abort", { handleEvent: () => heard++ });
  controller.abort();
  same([reported, heard], [["mine"], 1]);
});

check("an EventTarget calls each listener once per event, and forgets on demand", () => {
  const target = new EventTarget();
  const heard: string[] = [];
  const listener = () => heard.push("listener");
  target.addEventListener("x", listener);
  target.addEventListener("x", listener);
  target.addEventListener("x", () => heard.push("once"), { once: true });
  const controller = new AbortController();
  target.addEventListener("x", () => heard.push("signalled"), { signal: controller.signal });
  target.dispatchEvent(new Event("x"));
  controller.abort();
  target.dispatchEvent(new Event("x"));
  target.removeEventListener("x", listener);
  target.dispatchEvent(new Event("x"));
  same(heard, ["listener", "once", "signalled", "listener"]);
});

check("a cancelable event tells whether it was prevented", () => {
  const target = new EventTarget();
  target.addEventListener("x", (event) => event.preventDefault());
  same(
    [target.dispatchEvent(new Event("x", { cancelable: true })), target.dispatchEvent(new Event("x"))],
    [false, true],
  );
  throws("TypeError", () => target.dispatchEvent({ type: "x" } as never));
});
