/**
 * Which plugin a reactor is in, written where it is read after the reactor's process is gone: into a file
 * without a name, which the control process made and which both hold open. What is written there stays,
 * however the process ends.
 */
import { readlinkSync, readSync, writeSync } from "node:fs";

/** The file among the descriptors of the data process: after the three of standard input and output, and the channel. */
export const traceDescriptor = 4;

/** Bytes of what a reactor's place begins with: its beats so far, and its thread. */
const lifeSize = 32;
/** Bytes of an entry, which follows. A plugin's name has at most 64 characters, the version of its code 8. */
const recordSize = 96;
const placeSize = lifeSize + recordSize;

export interface Entry {
  readonly plugin: string;
  /** Of its code: guests of code that was replaced go on for a while. */
  readonly version: string;
  /** Whether it was being made and set up, and took no requests yet. */
  readonly isLoading: boolean;
  /** After this time without a beat it will not come out again by itself, in ms. */
  readonly stallMs: number;
}

/** What a reactor has written in its place. */
export interface ReactorTrace {
  readonly beats: number;
  /** Of the operating system; null where that does not tell. */
  readonly thread: number | null;
  /** Null: it is inside of no guest, as far as it is known. */
  readonly entry: Entry | null;
}

/** An entry as it is written; made once for a guest and not for each entry. */
export interface EntryRecord {
  readonly entry: Entry | null;
  readonly bytes: Buffer;
}

const nobody: EntryRecord = { entry: null, bytes: Buffer.alloc(recordSize) };

export function entryRecord(entry: Entry): EntryRecord {
  const { plugin, version, isLoading, stallMs } = entry;
  const bytes = Buffer.alloc(recordSize);
  bytes.write(`${plugin} ${isLoading ? "loading" : "running"} ${Math.ceil(stallMs)} ${version} `, "latin1");
  return { entry, bytes };
}

/** Whether what is written says as much: the same guest, and at least the same patience. */
function covers(written: EntryRecord, record: EntryRecord): boolean {
  if (written === record) return true;
  const [known, next] = [written.entry, record.entry];
  if (known === null || next === null) return false;
  return isSameGuest(known, next) && known.isLoading === next.isLoading && known.stallMs >= next.stallMs;
}

/** Whether two entries are into guests of the same code. */
export function isSameGuest(one: Entry | null, other: Entry | null): boolean {
  return one?.plugin === other?.plugin && one?.version === other?.version;
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
  private readonly thread = ownThread();
  private beats = 0;
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
    this.offset = reactor * placeSize;
    this.exactUntil = exactMs > 0 ? performance.now() + exactMs : 0;
    this.tellLife();
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
    this.beats++;
    this.tellLife();
  }

  private tellLife(): void {
    const life = Buffer.alloc(lifeSize);
    life.write(`${this.beats} ${this.thread ?? "-"} `, "latin1");
    this.writeAt(this.offset, life);
  }

  private write(record: EntryRecord): void {
    this.written = record;
    this.isStale = false;
    this.writeAt(this.offset + lifeSize, record.bytes);
  }

  private writeAt(position: number, bytes: Buffer): void {
    try {
      writeSync(this.descriptor, bytes, 0, bytes.length, position);
    } catch {
      // Without it a lost process is restarted all the same, and nobody is blamed.
    }
  }
}

/** The thread that runs this; null where the system does not tell. */
function ownThread(): number | null {
  try {
    return Number(/\d+$/.exec(readlinkSync("/proc/thread-self"))?.[0] ?? Number.NaN) || null;
  } catch {
    return null;
  }
}

/** The reading side: what each reactor wrote last. */
export function readTraces(descriptor: number, reactors: number): ReactorTrace[] {
  const bytes = Buffer.alloc(placeSize * reactors);
  readSync(descriptor, bytes, 0, bytes.length, 0);
  return Array.from({ length: reactors }, (_, reactor) => {
    const begin = reactor * placeSize;
    const life = bytes.toString("latin1", begin, begin + lifeSize);
    const [, beats = "0", thread] = /^(\d{1,15}) (\d{1,10})? ?/.exec(life) ?? [];
    const entry = entryIn(bytes.toString("latin1", begin + lifeSize, begin + placeSize));
    return { beats: Number(beats), thread: thread === undefined ? null : Number(thread), entry };
  });
}

function entryIn(text: string): Entry | null {
  const [, plugin, kind, stall, version] =
    /^([\w.-]{1,64}) (loading|running) (\d{1,9}) ([\w-]{0,8}) /.exec(text) ?? [];
  if (plugin === undefined) return null;
  return { plugin, version: version!, isLoading: kind === "loading", stallMs: Number(stall) };
}
