import type { Socket } from "node:net";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../support/random.ts";

/** A body in chunks of random sizes, some with extensions, some with a trailer. */
export function inChunks(random: Random, bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = Math.min(bytes.length - at, random.pick([1, 7, 500, 8192, 30_000, 100_000, 100_000]));
    // Not so many that extensions add up to too much.
    const extension = parts.length < 30 && random.chance(0.2) ? ";a=b" : "";
    parts.push(
      Buffer.from(`${size.toString(16)}${extension}\r\n`),
      bytes.subarray(at, at + size),
      Buffer.from("\r\n"),
    );
    at += size;
  }
  return Buffer.concat([...parts, Buffer.from(`0\r\n${random.chance(0.3) ? "X-Sum: 7\r\n" : ""}\r\n`)]);
}

/** Writes in pieces that end anywhere. */
export async function sendInPieces(random: Random, socket: Socket, bytes: Buffer): Promise<void> {
  const cuts = Array.from({ length: random.pick([0, 0, 1, 2, 5]) }, () => random.int(0, bytes.length));
  // Where heads end, and a little behind.
  if (random.chance(0.3)) cuts.push(Math.max(0, bytes.indexOf("\r\n\r\n")) + random.int(0, 8));
  let from = 0;
  for (const to of [...cuts.sort((one, other) => one - other), bytes.length]) {
    if (socket.destroyed) return;
    if (to > from) socket.write(bytes.subarray(from, to));
    from = Math.max(from, to);
    if (random.chance(0.7)) await nextTurn();
    else await sleep(random.int(0, 3));
  }
}
