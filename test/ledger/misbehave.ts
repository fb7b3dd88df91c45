import type { Socket } from "node:net";
import type { Random } from "../support/random.ts";
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
  const headEnd = response.indexOf("\r\n\r\n") + 4;
  switch (fault) {
    case "extra-behind":
      socket.write(Buffer.concat([response, response]));
      return;
    case "extra-later":
      socket.write(response);
      writeAfter(random.int(1, 30), socket, response);
      return;
    case "late-response":
      writeAfter(tooLate, socket, response);
      return;
    case "close-before-head":
      socket.end();
      return;
    case "reset-before-head":
      socket.resetAndDestroy();
      return;
    case "reset-in-head":
      writeThen(socket, response.subarray(0, random.int(1, headEnd - 1)), () => socket.resetAndDestroy());
      return;
    case "close-in-head":
      socket.end(response.subarray(0, random.int(1, headEnd - 1)));
      return;
    case "reset-in-body":
      writeThen(socket, cutInBody(response, headEnd, random), () => socket.resetAndDestroy());
      return;
    case "close-in-body":
      socket.end(cutInBody(response, headEnd, random));
      return;
    case "length-too-short":
      socket.write(lyingShort(parts, random));
      return;
    case "length-too-long":
      socket.write(sized(parts, parts.content.length + random.int(1, 100)));
      if (random.chance(0.5)) socket.end();
      return;
    case "bad-chunk":
      socket.write(
        Buffer.concat([head(parts, "Transfer-Encoding: chunked"), Buffer.from("5\r\nabc\r\n0\r\n\r\n")]),
      );
      return;
    case "few-interims":
      socket.write(Buffer.concat([interims(random.int(1, 5)), response]));
      return;
    case "interim-storm":
      socket.write(Buffer.concat([interims(200), response]));
      return;
    case "switch-unasked":
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
      return;
    case "garbage-before-head":
      socket.write(Buffer.concat([Buffer.from("\0garbage\r\n"), response]));
      return;
    case "early-response":
      socket.write(response);
      return;
    case "close-delimited":
      socket.end(Buffer.concat([head(parts, "Connection: close"), bodyOf(parts)]));
      return;
    case "half-close-after":
      socket.end(response);
      return;
    case "slow-parts":
      writeSlowly(socket, response, random);
      return;
    case "none":
      socket.write(response);
  }
}

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

/** The length is the message; what comes behind it belongs to nobody. */
function lyingShort(parts: ResponseParts, random: Random): Buffer {
  return sized(parts, random.int(0, parts.content.length));
}

function chunked(parts: ResponseParts, random: Random): Buffer {
  const pieces: Buffer[] = [head(parts, "Transfer-Encoding: chunked")];
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

/** Ends somewhere in the body; a response without one is cut in its head. */
function cutInBody(response: Buffer, headEnd: number, random: Random): Buffer {
  if (headEnd >= response.length) return response.subarray(0, headEnd - 1);
  return response.subarray(0, random.int(headEnd, response.length - 1));
}

function writeThen(socket: Socket, bytes: Buffer, then: () => void): void {
  socket.write(bytes, () => then());
}

/** Sockets with a response that is written in parts. */
const inParts = new WeakSet<Socket>();

/** Never into the middle of another response: no reader could tell those bytes from its body. */
function writeAfter(ms: number, socket: Socket, bytes: Buffer): void {
  setTimeout(() => {
    if (inParts.has(socket)) writeAfter(1, socket, bytes);
    else if (socket.writable) socket.write(bytes);
  }, ms);
}

function writeSlowly(socket: Socket, response: Buffer, random: Random): void {
  const end = random.int(1, response.length);
  inParts.add(socket);
  if (socket.writable) socket.write(response.subarray(0, end));
  if (end === response.length) inParts.delete(socket);
  else setTimeout(() => writeSlowly(socket, response.subarray(end), random), random.int(1, 10));
}
