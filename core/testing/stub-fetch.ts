import { once } from "node:events";
import { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { HostCallError } from "../sandbox/host/error.ts";
import type { OutboundResponse, Outbound as Requests } from "../sandbox/host/fetch/call.ts";
import { createFetchHost } from "../sandbox/host/fetch/fetch.ts";
import type { Outbound } from "../sandbox/host/fetch/part.ts";
import { demandResponse, StandInError } from "./given-response.ts";
import { measured } from "./outgoing-message.ts";

type Handler = (request: Request) => Response | Promise<Response>;

/**
 * The `fetch` of guests with a function in the place of the network. Grants, limits, redirects and decoding are
 * those of the real one.
 *
 * @param handler undefined: every call fails and says what is missing
 * @param onMistake what the test is to hear of: plugins see a network that failed
 */
export function stubOutbound(handler: Handler | undefined, onMistake: (error: unknown) => void): Outbound {
  return (options) => createFetchHost(options, () => answeredBy(handler ?? unanswered, onMistake));
}

function unanswered({ method, url }: Request): Response {
  throw new HostCallError(
    "TypeError",
    `the test has no answer for ${method} ${url}: give testGateway a fetch`,
  );
}

function answeredBy(handler: Handler, onMistake: (error: unknown) => void): Requests {
  const ended = new AbortController();
  const tell = (error: unknown) => {
    if (isMistake(error)) onMistake(error);
  };
  return {
    async request(options) {
      try {
        const response = demandResponse(await handler(requestFrom(options, ended.signal)), "fetch");
        // Of Response.error().
        if (response.status === 0) throw new Error("network failed");
        return await answerOf(response, options, tell);
      } catch (error) {
        tell(error);
        throw error;
      }
    },
    async destroy() {
      ended.abort();
    },
  };
}

/** Anything else is what the network does. */
function isMistake(error: unknown): boolean {
  return error instanceof StandInError || (error instanceof Error && error.name === "AssertionError");
}

function requestFrom(options: Dispatcher.RequestOptions, ended: AbortSignal): Request {
  const { origin, path, method, headers, body } = options;
  const flat = headers as readonly string[];
  const fields = flat.flatMap((name, i): [string, string][] => (i % 2 === 0 ? [[name, flat[i + 1]!]] : []));
  if (body instanceof Uint8Array) fields.push(["content-length", `${body.byteLength}`]);
  return new Request(new URL(path, origin!), {
    method,
    headers: fields,
    signal: AbortSignal.any([options.signal as AbortSignal, ended]),
    ...(body !== null && { body: body instanceof Readable ? Readable.toWeb(body) : body, duplex: "half" }),
  } as RequestInit);
}

async function answerOf(
  { status, statusText, headers, body }: Response,
  { method, signal }: Dispatcher.RequestOptions,
  tell: (error: unknown) => void,
): Promise<OutboundResponse> {
  const hasBody = method !== "HEAD" && status !== 204 && status !== 304;
  const known = body === null ? null : await measured(body, false);
  const length = body === null ? 0 : known!.length;
  const fields = [...headers].filter(([name]) => !hasBody || !framing.includes(name));
  if (hasBody && length !== null) fields.push(["content-length", `${length}`]);
  return {
    statusCode: status,
    statusText,
    headers: fields.flat(),
    body: readable(known?.stream ?? null, signal as AbortSignal, tell),
  };
}

const framing: readonly string[] = ["content-length", "transfer-encoding"];

function readable(
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal,
  tell: (error: unknown) => void,
): OutboundResponse["body"] {
  const stream =
    body === null
      ? Readable.from([])
      : Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0], { signal });
  // An answer may come when nobody waits for it any more: nobody else would listen to the body, which ends in an error.
  stream.on("error", tell);
  return Object.assign(stream, {
    async dump() {
      stream.resume();
      if (!stream.readableEnded) await once(stream, "end");
    },
  });
}
