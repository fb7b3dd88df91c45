import { GuestFault, type GuestScript } from "../engine.ts";
import { type Entry, startRuntime } from "./boot.ts";
import { instantiate, type Pointer } from "./build.ts";
import { Deadline } from "./deadline.ts";
import { type Layout, layOut } from "./layout.ts";
import { Machine } from "./machine.ts";
import { CappedMemory } from "./memory.ts";

/** Less than what every memory begins with, so that the snapshot fits into each. */
const memoryBytes = 10 * 1_048_576;
const cpuMs = 5000;
const pieceBytes = 4096;

/**
 * The memory of a guest in which the runtime runs and no plugin yet. To parse the runtime takes
 * QuickJS 20 ms; to copy what came of it takes one.
 */
export interface Snapshot {
  readonly layout: Layout;
  readonly entry: Entry;
  readonly pieces: readonly Piece[];
}

interface Piece {
  readonly at: Pointer;
  readonly bytes: Uint8Array;
}

/**
 * Starts the runtime in a guest of its own and keeps the memory.
 *
 * @throws GuestFault when the runtime fails, or asks its host for something: every guest would get that answer
 */
export async function takeSnapshot(runtime: GuestScript): Promise<Snapshot> {
  const memory = new CappedMemory(memoryBytes);
  const instance = await instantiate(memory.wasm);
  const before = findPieces(instance.module.HEAPU8);
  let hasAsked = false;
  const layout = layOut(instance);
  const deadline: Deadline = new Deadline(() => machine.progress);
  const machine: Machine = new Machine(instance, layout, deadline, () => {
    hasAsked = true;
    return 0;
  });
  deadline.start(cpuMs);
  try {
    machine.heap.assertTextsAreExact();
    const entry = startRuntime(machine, runtime);
    machine.runJobs();
    if (hasAsked) throw new Error("it called its host before there was a plugin");
    const bytes = instance.module.HEAPU8;
    const places = new Set([...before, ...findPieces(bytes)]);
    const pieces = [...places].map((at) => ({ at, bytes: bytes.slice(at, at + pieceBytes) }));
    return { layout, entry, pieces };
  } catch (error) {
    throw new GuestFault("crash", `Cannot start the runtime: ${(error as Error).message}`);
  }
}

/** Makes a fresh memory what it was when the snapshot was taken. */
export function restore({ pieces }: Snapshot, memory: Uint8Array): void {
  for (const { at, bytes } of pieces) memory.set(bytes, at);
}

/** Where there is anything but zeros. */
function findPieces(memory: Uint8Array<ArrayBuffer>): number[] {
  const words = new Int32Array(memory.buffer);
  const found: number[] = [];
  for (let at = 0; at < words.length; at++) {
    if (words[at] === 0) continue;
    const piece = Math.floor((at * 4) / pieceBytes) * pieceBytes;
    found.push(piece);
    at = (piece + pieceBytes) / 4 - 1;
  }
  return found;
}
