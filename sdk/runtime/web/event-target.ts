/** Events without a tree: what `AbortSignal` needs, and plugins for their own signals (DOM, section 2). */

import { reportError } from "../report-error.ts";
import { asWebInterface } from "../web-interface.ts";
import { DOMException } from "./dom-exception.ts";
import { performance } from "./performance.ts";

export type EventCallback = ((event: Event) => unknown) | { handleEvent(event: Event): unknown };

export interface ListenerOptions {
  capture?: boolean;
  once?: boolean;
  passive?: boolean;
  signal?: EventTarget & { readonly aborted: boolean };
}

interface Listener {
  readonly type: string;
  readonly callback: EventCallback;
  readonly capture: boolean;
  readonly once: boolean;
  readonly passive: boolean;
  removed: boolean;
}

export interface EventInit {
  bubbles?: boolean;
  cancelable?: boolean;
  composed?: boolean;
}

let dispatch: (target: EventTarget, event: Event) => void;
let listens: (target: EventTarget, type: string) => boolean;

/** Something that happened. */
export class Event {
  declare readonly [Symbol.toStringTag]: string;
  readonly type: string;
  readonly bubbles: boolean;
  readonly cancelable: boolean;
  readonly composed: boolean;
  readonly timeStamp: number;
  #target: EventTarget | null = null;
  #current: EventTarget | null = null;
  #stopped = false;
  #prevented = false;
  #passive = false;

  constructor(type: string, init?: EventInit) {
    // biome-ignore lint/complexity/noArguments: `undefined` is a type, too
    if (arguments.length === 0) throw new TypeError("Event: the type is missing");
    this.type = `${type}`;
    this.bubbles = Boolean(init?.bubbles);
    this.cancelable = Boolean(init?.cancelable);
    this.composed = Boolean(init?.composed);
    this.timeStamp = performance.now();
  }

  static {
    dispatch = (target, event) => {
      if (event.#current !== null) {
        throw new DOMException("The event is being dispatched already", "InvalidStateError");
      }
      event.#target = target;
      event.#current = target;
      for (const listener of listenersOf(target, event.type)) {
        if (event.#stopped) break;
        if (listener.removed) continue;
        if (listener.once) target.removeEventListener(listener.type, listener.callback, listener.capture);
        event.#passive = listener.passive;
        call(listener.callback, target, event);
      }
      event.#passive = false;
      event.#stopped = false;
      event.#current = null;
    };
  }

  get target(): EventTarget | null {
    return this.#target;
  }

  get srcElement(): EventTarget | null {
    return this.#target;
  }

  get currentTarget(): EventTarget | null {
    return this.#current;
  }

  /** 2 (at its target) while it is dispatched. */
  get eventPhase(): number {
    return this.#current === null ? 0 : 2;
  }

  get defaultPrevented(): boolean {
    return this.#prevented;
  }

  get isTrusted(): boolean {
    return false;
  }

  composedPath(): EventTarget[] {
    return this.#current === null ? [] : [this.#current];
  }

  preventDefault(): void {
    if (this.cancelable && !this.#passive) this.#prevented = true;
  }

  /** There is no tree to go up: nothing to stop. */
  stopPropagation(): void {}

  stopImmediatePropagation(): void {
    this.#stopped = true;
  }
}

asWebInterface(Event, "Event");

let listenersOf: (target: EventTarget, type: string) => Listener[];

/** Something that tells of events. */
export class EventTarget {
  declare readonly [Symbol.toStringTag]: string;
  #listeners: Listener[] | null = null;

  static {
    listenersOf = (target, type) => target.#listeners?.filter((listener) => listener.type === type) ?? [];
    listens = (target, type) => target.#listeners?.some((listener) => listener.type === type) ?? false;
  }

  addEventListener(type: string, callback: EventCallback | null, options?: ListenerOptions | boolean): void {
    const capture = isCapture(options);
    const { once, passive, signal } = typeof options === "object" && options !== null ? options : noOptions;
    if (callback === null || callback === undefined || signal?.aborted) return;
    if (this.#find(`${type}`, callback, capture) >= 0) return;
    this.#listeners ??= [];
    this.#listeners.push({
      type: `${type}`,
      callback,
      capture,
      once: Boolean(once),
      passive: Boolean(passive),
      removed: false,
    });
    signal?.addEventListener("abort", () => this.removeEventListener(type, callback, capture), {
      once: true,
    });
  }

  removeEventListener(
    type: string,
    callback: EventCallback | null,
    options?: ListenerOptions | boolean,
  ): void {
    const at = callback === null ? -1 : this.#find(`${type}`, callback, isCapture(options));
    if (at < 0) return;
    this.#listeners![at]!.removed = true;
    this.#listeners!.splice(at, 1);
  }

  /** Calls the listeners; false when one of them prevented the default. */
  dispatchEvent(event: Event): boolean {
    if (!(event instanceof Event)) throw new TypeError("dispatchEvent: not an Event");
    dispatch(this, event);
    return !event.defaultPrevented;
  }

  #find(type: string, callback: EventCallback, capture: boolean): number {
    if (this.#listeners === null) return -1;
    return this.#listeners.findIndex(
      (known) => known.type === type && known.callback === callback && known.capture === capture,
    );
  }
}

asWebInterface(EventTarget, "EventTarget");

/** Whether anybody listens to that type. */
export function hasListeners(target: EventTarget, type: string): boolean {
  return listens(target, type);
}

/** Tells the listeners, whatever the plugin made of `dispatchEvent`. */
export function fireEvent(target: EventTarget, type: string): void {
  if (listens(target, type)) dispatch(target, new Event(type));
}

const noOptions: ListenerOptions = {};

function isCapture(options: ListenerOptions | boolean | undefined): boolean {
  return typeof options === "object" && options !== null ? Boolean(options.capture) : Boolean(options);
}

function call(callback: EventCallback, target: EventTarget, event: Event): void {
  try {
    if (typeof callback === "function") callback.call(target, event);
    else callback.handleEvent(event);
  } catch (error) {
    reportError(error);
  }
}
