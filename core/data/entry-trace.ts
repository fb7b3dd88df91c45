/**
 * Which plugin a reactor is in, written where it is read after the reactor's process is gone: into a file
 * without a name, which the control process made and which both hold open. What is written there stays,
 * however the process ends.
 */
import { readSync, writeSync } from "node:fs";

/** The file among the descriptors of the data process: after the three of standard input and output, and the channel. */
export const traceDescriptor = 4;

/** Bytes of one reactor's place. A plugin's name has at most 64 characters. */
const recordSize = 128;

export interface Entry {
  readonly plugin: string;
  /** Whether it was being made and set up, and took no requests yet. */
  readonly isLoading: boolean;
  /** After this time without a beat it will not come out again by itself, in ms. */
  readonly stallMs: number;
}

/** An entry as it is written; made once for a guest and not for each entry. */
export interface EntryRecord {
  readonly entry: Entry | null;
  readonly bytes: Buffer;
}

const nobody: EntryRecord = { entry: null, bytes: Buffer.alloc(recordSize) };

export function entryRecord(entry: Entry): EntryRecord {
  const { plugin, isLoading, stallMs } = entry;
  const bytes = Buffer.alloc(recordSize);
  bytes.write(`${plugin} ${isLoading ? "loading" : "running"} ${Math.ceil(stallMs)} `, "latin1");
  return { entry, bytes };
}

/** Whether what is written says as much: the same guest, and at least the same patience. */
function covers(written: EntryRecord, record: EntryRecord): boolean {
  if (written === record) return true;
  const [known, next] = [written.entry, record.entry];
  if (known === null || next === null) return false;
  return known.plugin === next.plugin && known.isLoading === next.isLoading && known.stallMs >= next.stallMs;
}

/**
 * The writing side. A write costs 1 µs, so as long as nothing has gone wrong it is made only when another plugin
 * is entered than before; that nobody is inside any more is written with a beat. For some time after a data
 * process was lost each entry and each exit is written.
 *
 * @example
 * const before = trace.enter(record);
 * try { return guest.dispatch(text); } finally { trace.leave(before); }
 */
export class EntryTrace {
  private readonly descriptor: number;
  private readonly offset: number;
  private exactUntil: number;
  private written: EntryRecord = nobody;
  private entered = false;
  /** What is written may say more than is so: it is as old as the last beat. */
  private isStale = false;

  /**
   * @param reactor its number, which is that of its place
   * @param exactMs how long each entry and exit is written
   */
  constructor(descriptor: number, reactor: number, exactMs: number) {
    this.descriptor = descriptor;
    this.offset = reactor * recordSize;
    this.exactUntil = exactMs > 0 ? performance.now() + exactMs : 0;
  }

  /** Returns what `leave` is to be given. */
  enter(record: EntryRecord): EntryRecord {
    const before = this.written;
    this.entered = true;
    const isTold = this.exactUntil > 0 || this.isStale ? before === record : covers(before, record);
    if (!isTold) this.write(record);
    return before;
  }

  leave(before: EntryRecord): void {
    if (this.exactUntil > 0 && this.written !== before) this.write(before);
  }

  /** The event loop turns, so nobody is inside. */
  beat(): void {
    if (this.exactUntil > 0 && performance.now() > this.exactUntil) this.exactUntil = 0;
    if (!this.entered && this.written !== nobody) this.write(nobody);
    this.entered = false;
    this.isStale = true;
  }

  private write(record: EntryRecord): void {
    this.written = record;
    this.isStale = false;
    try {
      writeSync(this.descriptor, record.bytes, 0, recordSize, this.offset);
    } catch {
      // Without it a lost process is restarted all the same, and nobody is blamed.
    }
  }
}

/**
 * The reading side.
 *
 * @returns the entries of the reactors that are inside a guest, as far as it is known
 */
export function readEntries(descriptor: number, reactors: number): Entry[] {
  const bytes = Buffer.alloc(recordSize * reactors);
  const length = readSync(descriptor, bytes, 0, bytes.length, 0);
  const entries: Entry[] = [];
  for (let start = 0; start < length; start += recordSize) {
    const text = bytes.toString("latin1", start, start + recordSize);
    const [, plugin, kind, stall] = /^([\w.-]{1,64}) (loading|running) (\d{1,9}) /.exec(text) ?? [];
    if (plugin !== undefined) entries.push({ plugin, isLoading: kind === "loading", stallMs: Number(stall) });
  }
  return entries;
}
