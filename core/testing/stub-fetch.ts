import { once } from "node:events";
import { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { ignoreError } from "../net/ignore-error.ts";
import { HostCallError } from "../sandbox/host/error.ts";
import type { OutboundResponse, Outbound as Requests } from "../sandbox/host/fetch/call.ts";
import { createFetchHost } from "../sandbox/host/fetch/fetch.ts";
import type { Outbound } from "../sandbox/host/fetch/part.ts";

type Handler = (request: Request) => Response | Promise<Response>;

/**
 * The `fetch` of guests with a function in the place of the network. Grants, limits, redirects and decoding are
 * those of the real one.
 *
 * @param handler undefined: every call fails and says what is missing
 */
export function stubOutbound(handler: Handler | undefined): Outbound {
  return (options) => createFetchHost(options, () => answeredBy(handler ?? unanswered));
}

function unanswered({ method, url }: Request): Response {
  throw new HostCallError(
    "TypeError",
    `the test has no answer for ${method} ${url}: give testGateway a fetch`,
  );
}

function answeredBy(handler: Handler): Requests {
  const ended = new AbortController();
  return {
    async request(options) {
      const response = await handler(requestFrom(options, ended.signal));
      // Of Response.error().
      if (response.status === 0) throw new Error("network failed");
      return {
        statusCode: response.status,
        statusText: response.statusText,
        headers: [...response.headers].flat(),
        body: bodyOf(response, options.signal as AbortSignal),
      };
    },
    async destroy() {
      ended.abort();
    },
  };
}

function requestFrom(options: Dispatcher.RequestOptions, ended: AbortSignal): Request {
  const { origin, path, method, headers, body } = options;
  const flat = headers as readonly string[];
  const fields = flat.flatMap((name, i): [string, string][] => (i % 2 === 0 ? [[name, flat[i + 1]!]] : []));
  return new Request(new URL(path, origin!), {
    method,
    headers: fields,
    signal: AbortSignal.any([options.signal as AbortSignal, ended]),
    ...(body !== null && { body: body instanceof Readable ? Readable.toWeb(body) : body, duplex: "half" }),
  } as RequestInit);
}

function bodyOf(response: Response, signal: AbortSignal): OutboundResponse["body"] {
  const stream =
    response.body === null
      ? Readable.from([])
      : Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0], { signal });
  // An answer may come when nobody waits for it any more: nobody else would listen to the body, which ends in an error.
  stream.on("error", ignoreError);
  return Object.assign(stream, {
    async dump() {
      stream.resume();
      if (!stream.readableEnded) await once(stream, "end");
    },
  });
}
