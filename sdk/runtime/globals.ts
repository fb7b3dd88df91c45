/** The names that a plugin finds beyond ECMAScript. */

import { Context } from "./context.ts";
import { crypto } from "./crypto/crypto.ts";
import { fetch } from "./fetch/fetch.ts";
import type { guestGlobals } from "./global-names.ts";
import { Headers } from "./headers.ts";
import { IncomingRequest } from "./incoming-request.ts";
import { IncomingResponse } from "./incoming-response.ts";
import { Request } from "./request.ts";
import { Response } from "./response.ts";
import { ReadableStream } from "./streams/readable-stream.ts";
import { TextDecoderStream, TextEncoderStream } from "./streams/text-streams.ts";
import { TransformStream } from "./streams/transform-stream.ts";
import { WritableStream } from "./streams/writable-stream.ts";
import { URLSearchParams } from "./url/search-params.ts";
import { URL } from "./url/url.ts";
import { URLPattern } from "./url/url-pattern.ts";
import { AbortController, AbortSignal } from "./web/abort.ts";
import { atob, btoa } from "./web/base64.ts";
import { console } from "./web/console.ts";
import { DOMException } from "./web/dom-exception.ts";
import { TextDecoder, TextEncoder } from "./web/encoding.ts";
import { Event, EventTarget } from "./web/event-target.ts";
import { performance } from "./web/performance.ts";
import { showMembers } from "./web/shown-members.ts";
import { structuredClone } from "./web/structured-clone.ts";
import { clearInterval, clearTimeout, queueMicrotask, setInterval, setTimeout } from "./web/timers.ts";

showMembers(URL, "URL", ["href"]);
showMembers(Request, "Request", ["method", "url", "headers"]);
showMembers(IncomingRequest, "Request", ["method", "url", "headers"]);
showMembers(Response, "Response", ["status", "headers"]);
// Its state is made by the plugin when it is asked for.
showMembers(Context, "Context", ["requestId", "route", "client", "config"]);
showMembers(IncomingResponse, "Response", ["status", "headers"]);

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
