import type { Socket } from "node:net";
import { demandBytes } from "./given-response.ts";

/** A body and how long it is; null: that is not known before its end. */
export interface OutgoingBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly length: number | null;
}

/**
 * Finds out how long a body is when all of it is there at once, as services know it of what they answer with.
 *
 * @param untilBegun whether it waits for the first part, however long that takes
 * @throws StandInError when the first part is no bytes; the stream fails with it for any other
 */
export async function measured(stream: ReadableStream<Uint8Array>, untilBegun = true): Promise<OutgoingBody> {
  const reader = stream.getReader();
  const begin = reader.read();
  const first = await (untilBegun ? begin : soon(begin));
  if (first === null) return { stream: fromParts([], { next: begin, reader }), length: null };
  if (first.done) return { stream: fromParts([], null), length: 0 };
  const bytes = demandBytes(first.value);
  const second = reader.read();
  const found = await soon(second);
  if (found?.done === true) return { stream: fromParts([bytes], null), length: bytes.byteLength };
  return { stream: fromParts([bytes], { next: second, reader }), length: null };
}

/** What is read in this turn of the event loop or the next; null: it takes longer. */
function soon(read: ReturnType<Reader["read"]>): Promise<Awaited<typeof read> | null> {
  return Promise.race([read, new Promise<null>((resolve) => setImmediate(resolve, null))]);
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

interface Rest {
  readonly next: ReturnType<Reader["read"]>;
  readonly reader: Reader;
}

function fromParts(parts: readonly Uint8Array[], rest: Rest | null): ReadableStream<Uint8Array> {
  let next = rest?.next;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        for (const part of parts) controller.enqueue(part);
        if (rest === null) controller.close();
      },
      async pull(controller) {
        const { done, value } = await next!;
        if (done) return controller.close();
        next = rest!.reader.read();
        next.catch(() => {});
        controller.enqueue(demandBytes(value));
      },
      cancel: (reason) => rest?.reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/**
 * Writes a head with the fields that frame its body, and the body.
 *
 * @param lines start line and fields, each with its line end; none that frames the message
 * @param body null: there is none and none is announced
 * @throws what the body fails with; the message is not complete then
 */
export async function writeMessage(socket: Socket, lines: string, body: OutgoingBody | null): Promise<void> {
  if (body === null) {
    socket.write(`${lines}\r\n`, "latin1");
    return;
  }
  const { stream, length } = body;
  const isChunked = length === null;
  socket.write(
    `${lines}${isChunked ? "transfer-encoding: chunked" : `content-length: ${length}`}\r\n\r\n`,
    "latin1",
  );
  for await (const part of stream) {
    if (part.byteLength === 0) continue;
    if (isChunked) socket.write(`${part.byteLength.toString(16)}\r\n`, "latin1");
    let hasRoom = socket.write(part);
    if (isChunked) hasRoom = socket.write("\r\n");
    if (socket.destroyed) return;
    if (!hasRoom) await roomIn(socket);
  }
  if (isChunked) socket.write("0\r\n\r\n");
}

/** Resolves when the socket takes more, or nothing any more. */
function roomIn(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    socket.on("drain", done).on("close", done);
  });
}

/** Field lines of a message, without those that frame it. */
export function fieldLines(headers: Headers): string {
  let lines = "";
  for (const [name, value] of headers) {
    if (name !== "content-length" && name !== "transfer-encoding") lines += `${name}: ${value}\r\n`;
  }
  return lines;
}
