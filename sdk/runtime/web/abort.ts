/**
 * `AbortController` and `AbortSignal` (DOM, section 3).
 *
 * A signal that depends on time or on other signals watches them only while somebody listens to
 * it, and looks when it is asked. So `fetch(url, { signal: AbortSignal.timeout(5000) })` holds a
 * timer for as long as the fetch takes, not for five seconds.
 */

import { asWebInterface } from "../web-interface.ts";
import { DOMException } from "./dom-exception.ts";
import {
  type Event,
  type EventCallback,
  EventTarget,
  fireEvent,
  hasListeners,
  type ListenerOptions,
} from "./event-target.ts";
import { performance } from "./performance.ts";
import { startTimer, stopTimer } from "./timers.ts";

type Algorithm = () => void;

const ours = Symbol("ours");
const none: readonly AbortSignal[] = [];
/** Longest wait of one timer, in ms: the host's are 31 bits wide. */
const longestTimer = 2 ** 31 - 1;
let aborts = 0;

let abort: (signal: AbortSignal, reason: unknown) => void;
let addAlgorithm: (signal: AbortSignal, run: Algorithm) => void;
let removeAlgorithm: (signal: AbortSignal, run: Algorithm) => void;

/** Tells that something is no longer wanted. */
export class AbortSignal extends EventTarget {
  declare readonly [Symbol.toStringTag]: string;
  #reason: unknown = undefined;
  /** Place of this abort among all; 0 while there was none. */
  #abortedAt = 0;
  /** What this signal depends on; none of them depends on others. */
  #sources = none;
  /** When a timeout is over, as `performance.now()` tells it. */
  #deadline = Number.POSITIVE_INFINITY;
  #timer = 0;
  #isWatching = false;
  #algorithms: Set<Algorithm> | null = null;
  #followers: Set<AbortSignal> | null = null;
  #onabort: ((event: Event) => unknown) | null = null;
  #callOnabort: ((event: Event) => unknown) | null = null;

  constructor(key?: unknown) {
    if (key !== ours) throw new TypeError("Illegal constructor");
    super();
  }

  static {
    abort = (signal, reason) => signal.#abort(reason);
    addAlgorithm = (signal, run) => {
      signal.#algorithms ??= new Set();
      signal.#algorithms.add(run);
      signal.#watchWhileNeeded();
    };
    removeAlgorithm = (signal, run) => {
      signal.#algorithms?.delete(run);
      signal.#watchWhileNeeded();
    };
  }

  /** A signal that is aborted. */
  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal(ours);
    signal.#abort(reason);
    return signal;
  }

  /**
   * A signal that is aborted with a TimeoutError in `ms` milliseconds.
   *
   * @throws TypeError for a time that is negative or no number
   */
  static timeout(ms: number): AbortSignal {
    const wait = Math.trunc(Number(ms));
    if (!(wait >= 0 && wait <= Number.MAX_SAFE_INTEGER)) {
      throw new TypeError("AbortSignal.timeout: the time is not in milliseconds");
    }
    const signal = new AbortSignal(ours);
    signal.#deadline = performance.now() + wait;
    return signal;
  }

  /** A signal that is aborted with the first of `signals`. */
  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const result = new AbortSignal(ours);
    const sources = new Set<AbortSignal>();
    for (const signal of signals) {
      if (!(signal instanceof AbortSignal)) throw new TypeError("AbortSignal.any: not an AbortSignal");
      if (result.#abortedAt === 0 && signal.aborted) result.#adopt(signal);
      for (const source of signal.#sources.length > 0 ? signal.#sources : [signal]) sources.add(source);
    }
    if (result.#abortedAt === 0) result.#sources = [...sources];
    return result;
  }

  get aborted(): boolean {
    if (this.#abortedAt === 0) this.#look();
    return this.#abortedAt !== 0;
  }

  get reason(): unknown {
    return this.aborted ? this.#reason : undefined;
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.#reason;
  }

  get onabort(): ((event: Event) => unknown) | null {
    return this.#onabort;
  }

  set onabort(callback: ((event: Event) => unknown) | null) {
    this.#onabort = typeof callback === "function" ? callback : null;
    this.#callOnabort ??= (event) => this.#onabort?.call(this, event);
    if (this.#onabort === null) this.removeEventListener("abort", this.#callOnabort);
    else this.addEventListener("abort", this.#callOnabort);
  }

  override addEventListener(
    type: string,
    callback: EventCallback | null,
    options?: ListenerOptions | boolean,
  ): void {
    super.addEventListener(type, callback, options);
    this.#watchWhileNeeded();
  }

  override removeEventListener(
    type: string,
    callback: EventCallback | null,
    options?: ListenerOptions | boolean,
  ): void {
    super.removeEventListener(type, callback, options);
    this.#watchWhileNeeded();
  }

  #abort(reason: unknown): void {
    if (this.#abortedAt !== 0) return;
    this.#reason =
      reason === undefined ? new DOMException("The operation was aborted", "AbortError") : reason;
    this.#abortedAt = ++aborts;
    const told: AbortSignal[] = [this];
    for (const follower of this.#followers ?? none) {
      if (follower.#abortedAt !== 0) continue;
      follower.#adopt(this);
      told.push(follower);
    }
    for (const signal of told) signal.#tell();
  }

  #adopt(source: AbortSignal): void {
    this.#reason = source.#reason;
    this.#abortedAt = source.#abortedAt;
  }

  /** Nobody told this signal, because nobody listened to it: it looks for itself. */
  #look(): void {
    if (this.#isWatching) return;
    if (this.#deadline !== Number.POSITIVE_INFINITY) {
      if (performance.now() >= this.#deadline) this.#abort(timeoutError());
      return;
    }
    let first: AbortSignal | null = null;
    for (const source of this.#sources) {
      if (source.aborted && (first === null || source.#abortedAt < first.#abortedAt)) first = source;
    }
    if (first !== null && this.#abortedAt === 0) {
      this.#adopt(first);
      this.#tell();
    }
  }

  #tell(): void {
    const algorithms = this.#algorithms;
    this.#algorithms = null;
    if (algorithms !== null) for (const run of algorithms) run();
    fireEvent(this, "abort");
    this.#watchWhileNeeded();
  }

  #watchWhileNeeded(): void {
    if (this.#sources.length === 0 && this.#deadline === Number.POSITIVE_INFINITY) return;
    const isNeeded =
      this.#abortedAt === 0 &&
      ((this.#algorithms?.size ?? 0) > 0 || (this.#followers?.size ?? 0) > 0 || hasListeners(this, "abort"));
    if (isNeeded === this.#isWatching) return;
    this.#isWatching = isNeeded;
    if (isNeeded) this.#watch();
    else this.#unwatch();
  }

  #watch(): void {
    if (this.#deadline !== Number.POSITIVE_INFINITY) this.#startTimer();
    for (const source of this.#sources) {
      source.#followers ??= new Set();
      source.#followers.add(this);
      source.#watchWhileNeeded();
    }
  }

  #unwatch(): void {
    stopTimer(this.#timer);
    for (const source of this.#sources) {
      source.#followers?.delete(this);
      source.#watchWhileNeeded();
    }
  }

  #startTimer(): void {
    const left = Math.max(0, Math.ceil(this.#deadline - performance.now()));
    this.#timer = startTimer(Math.min(left, longestTimer), () => {
      if (left > longestTimer) this.#startTimer();
      else this.#abort(timeoutError());
    });
  }
}

asWebInterface(AbortSignal, "AbortSignal");

/** Makes a signal and aborts it. */
export class AbortController {
  declare readonly [Symbol.toStringTag]: string;
  readonly #signal = new AbortSignal(ours);

  get signal(): AbortSignal {
    return this.#signal;
  }

  /** @param reason an AbortError when it is missing */
  abort(reason?: unknown): void {
    abort(this.#signal, reason);
  }
}

asWebInterface(AbortController, "AbortController");

/**
 * Calls `run` when the signal is aborted, before its listeners. Whoever waits no more must stop it:
 * until then timeouts keep their timers.
 *
 * @returns stops it
 * @example const stop = onAbort(signal, () => cancel(call.id));
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  addAlgorithm(signal, run);
  return () => removeAlgorithm(signal, run);
}

function timeoutError(): DOMException {
  return new DOMException("The operation was aborted due to timeout", "TimeoutError");
}
