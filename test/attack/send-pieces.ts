import { setImmediate as nextTurn } from "node:timers/promises";
import type { RawPeer } from "../support/raw-peer.ts";

/** Writes so often that short messages go byte by byte. */
const mostPieces = 64;

/** Sends bytes in many small writes, each in a turn of its own, as long as the other side takes them. */
export async function sendPieces(peer: RawPeer, bytes: Buffer): Promise<void> {
  const size = Math.ceil(bytes.length / mostPieces);
  for (let at = 0; at < bytes.length && peer.isOpen; at += size) {
    peer.write(bytes.subarray(at, at + size));
    await nextTurn();
  }
}
