import type { Socket } from "node:net";
import type { Random } from "../support/random.ts";
import { reset } from "../support/reset.ts";
import type { Fault } from "./faults.ts";

/** What a response is made of. */
export interface ResponseParts {
  readonly id: string;
  readonly method: string;
  /** To be echoed, or null. */
  readonly requestId: string | null;
  readonly content: Buffer;
}

/** Longer than the proxy waits for a head in these runs, ms. */
const tooLate = 450;

/** A response without fault, sized or chunked. */
export function whole(parts: ResponseParts, random: Random): Buffer {
  return parts.method !== "HEAD" && random.chance(0.3) ? chunked(parts, random) : sized(parts);
}

/** Commits one fault in answering a request. */
export function misbehave(fault: Fault, parts: ResponseParts, socket: Socket, random: Random): void {
  const response = whole(parts, random);
  acts[fault]({ socket, random, parts, response, headEnd: response.indexOf("\r\n\r\n") + 4 });
}

/** What an act has to work with. */
interface Scene {
  readonly socket: Socket;
  readonly random: Random;
  readonly parts: ResponseParts;
  /** The response that should be sent. */
  readonly response: Buffer;
  /** Where its body begins. */
  readonly headEnd: number;
}

const acts: Readonly<Record<Fault, (scene: Scene) => void>> = {
  none: ({ socket, response }) => void socket.write(response),
  "extra-behind": ({ socket, response }) => void socket.write(Buffer.concat([response, response])),
  "extra-later": ({ socket, random, response }) => {
    socket.write(response);
    writeAfter(random.int(1, 30), socket, response);
  },
  "late-response": ({ socket, response }) => writeAfter(tooLate, socket, response),
  "close-before-head": ({ socket }) => void socket.end(),
  "reset-before-head": ({ socket }) => void socket.resetAndDestroy(),
  "reset-in-head": ({ socket, ...scene }) => void socket.write(cutInHead(scene), () => reset(socket)),
  "close-in-head": ({ socket, ...scene }) => void socket.end(cutInHead(scene)),
  "reset-in-body": ({ socket, ...scene }) => void socket.write(cutInBody(scene), () => reset(socket)),
  "close-in-body": ({ socket, ...scene }) => void socket.end(cutInBody(scene)),
  "length-too-short": ({ socket, random, parts }) => {
    // The length is the message; what comes behind it belongs to nobody.
    socket.write(sized(parts, random.int(0, parts.content.length)));
  },
  "length-too-long": ({ socket, random, parts }) => {
    inParts.add(socket);
    socket.write(sized(parts, parts.content.length + random.int(1, 100)));
    if (random.chance(0.5)) socket.end();
  },
  "bad-chunk": ({ socket, parts }) => {
    socket.write(Buffer.concat([head(parts, chunkedCoding), Buffer.from("5\r\nabc\r\n0\r\n\r\n")]));
  },
  "few-interims": ({ socket, random, response }) => {
    socket.write(Buffer.concat([interims(random.int(1, 5)), response]));
  },
  "interim-storm": ({ socket, response }) => void socket.write(Buffer.concat([interims(200), response])),
  "switch-unasked": ({ socket }) => void socket.write(switching),
  "garbage-before-head": ({ socket, response }) => {
    socket.write(Buffer.concat([Buffer.from("\0garbage\r\n"), response]));
  },
  // The fault is in when it is called.
  "early-response": ({ socket, response }) => void socket.write(response),
  "close-delimited": ({ socket, parts }) => {
    socket.end(Buffer.concat([head(parts, "Connection: close"), bodyOf(parts)]));
  },
  "half-close-after": ({ socket, response }) => void socket.end(response),
  "slow-parts": ({ socket, random, response }) => writeSlowly(socket, response, random),
};

const chunkedCoding = "Transfer-Encoding: chunked";
const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";

function head({ id, requestId, content }: ResponseParts, framing: string, framed = content.length): Buffer {
  const echo = requestId === null ? "" : `X-Request-Id: ${requestId}\r\n`;
  return Buffer.from(
    `HTTP/1.1 200 OK\r\nX-Ledger-Id: ${id}\r\nX-Ledger-Length: ${framed}\r\n${echo}${framing}\r\n\r\n`,
  );
}

function bodyOf({ method, content }: ResponseParts): Buffer {
  return method === "HEAD" ? Buffer.alloc(0) : content;
}

function sized(parts: ResponseParts, length = parts.content.length): Buffer {
  return Buffer.concat([head(parts, `Content-Length: ${length}`, length), bodyOf(parts)]);
}

function chunked(parts: ResponseParts, random: Random): Buffer {
  const pieces: Buffer[] = [head(parts, chunkedCoding)];
  for (let at = 0; at < parts.content.length; ) {
    const end = Math.min(parts.content.length, at + random.int(1, 50_000));
    pieces.push(Buffer.from(`${(end - at).toString(16)}\r\n`), parts.content.subarray(at, end), crlf);
    at = end;
  }
  return Buffer.concat([...pieces, Buffer.from("0\r\n\r\n")]);
}

const crlf = Buffer.from("\r\n");

function interims(count: number): Buffer {
  return Buffer.from("HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n".repeat(count));
}

type Uncut = Pick<Scene, "response" | "headEnd" | "random">;

function cutInHead({ response, headEnd, random }: Uncut): Buffer {
  return response.subarray(0, random.int(1, headEnd - 1));
}

/** Ends somewhere in the body; a response without one is cut in its head. */
function cutInBody({ response, headEnd, random }: Uncut): Buffer {
  if (headEnd >= response.length) return response.subarray(0, headEnd - 1);
  return response.subarray(0, random.int(headEnd, response.length - 1));
}

/** Sockets with a response whose end was not written, or never will be. */
const inParts = new WeakSet<Socket>();

/** Never into the middle of another response: no reader could tell those bytes from its body. */
function writeAfter(ms: number, socket: Socket, bytes: Buffer): void {
  setTimeout(() => {
    if (!socket.writable) return;
    if (inParts.has(socket)) writeAfter(1, socket, bytes);
    else socket.write(bytes);
  }, ms);
}

function writeSlowly(socket: Socket, response: Buffer, random: Random): void {
  const end = random.int(1, response.length);
  inParts.add(socket);
  if (socket.writable) socket.write(response.subarray(0, end));
  if (end === response.length) inParts.delete(socket);
  else setTimeout(() => writeSlowly(socket, response.subarray(end), random), random.int(1, 10));
}
