/** The names that a plugin finds beyond ECMAScript. */
import { AbortController, AbortSignal } from "./abort.ts";
import { atob, btoa } from "./base64.ts";
import { console } from "./console.ts";
import { crypto } from "./crypto.ts";
import { DOMException } from "./dom-exception.ts";
import { TextDecoder, TextEncoder } from "./encoding.ts";
import { Event, EventTarget } from "./event-target.ts";
import { fetch } from "./fetch.ts";
import type { guestGlobals } from "./global-names.ts";
import { Headers } from "./headers.ts";
import { performance } from "./performance.ts";
import { ReadableStream } from "./readable-stream.ts";
import { Request } from "./request.ts";
import { Response } from "./response.ts";
import { structuredClone } from "./structured-clone.ts";
import { TextDecoderStream, TextEncoderStream } from "./text-streams.ts";
import { clearInterval, clearTimeout, queueMicrotask, setInterval, setTimeout } from "./timers.ts";
import { TransformStream } from "./transform-stream.ts";
import { URL } from "./url.ts";
import { URLPattern } from "./url-pattern.ts";
import { URLSearchParams } from "./url-search-params.ts";
import { WritableStream } from "./writable-stream.ts";

type Globals = Record<(typeof guestGlobals)[number], unknown>;

const names: Omit<Globals, "globalThis" | "self"> = {
  AbortController,
  AbortSignal,
  DOMException,
  Event,
  EventTarget,
  Headers,
  ReadableStream,
  Request,
  Response,
  TextDecoder,
  TextDecoderStream,
  TextEncoder,
  TextEncoderStream,
  TransformStream,
  URL,
  URLPattern,
  URLSearchParams,
  WritableStream,
  atob,
  btoa,
  clearInterval,
  clearTimeout,
  console,
  crypto,
  fetch,
  performance,
  queueMicrotask,
  setInterval,
  setTimeout,
  structuredClone,
};

/** Makes them globals of this realm, which is the guest's own. */
export function installGlobals(): object {
  for (const [name, value] of Object.entries(names)) define(globalThis, name, value);
  define(globalThis, "self", globalThis);
  return globalThis;
}

/** An object that stands for the global one where the realm is shared with others. */
export function separateGlobals(): object {
  const globals = Object.create(globalThis);
  for (const [name, value] of Object.entries(names)) define(globals, name, value);
  define(globals, "globalThis", globals);
  define(globals, "self", globals);
  return globals;
}

/** As the globals of the language are: there for whoever asks for them, not listed. */
function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
}
