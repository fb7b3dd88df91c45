import { MessageKind, type MessagePart, messageParts } from "../../sdk/runtime/message.ts";
import type { Engine, Guest, GuestOptions } from "../sandbox/engine.ts";
import { type EntryRecord, type EntryTrace, entryRecord } from "./entry-trace.ts";

/** What the watch over a guest may be late, and the guest's own garbage collection may take, in ms. */
const patience = 300;
/** Batches from 1, 2, 4 … up to 64 messages on. */
const batchSizes = 7;
/** The engines give the top level of a plugin more time than a message, in ms. */
const loadTime = 1000;

interface Records {
  readonly loading: EntryRecord;
  /** By logarithm of the number of messages. */
  readonly running: readonly EntryRecord[];
}

/** An engine whose guests leave a trace of each entry. */
export function tracedEngine(engine: Engine, trace: EntryTrace): Engine {
  return {
    name: engine.name,
    async create(options) {
      const records = recordsOf(options);
      const before = trace.enter(records.loading);
      try {
        return new TracedGuest(await engine.create(options), trace, records);
      } finally {
        trace.leave(before);
      }
    },
  };
}

function recordsOf({ name: plugin, version = "", limits: { cpuMs } }: GuestOptions): Records {
  const stallMs = (messages: number) => patience + (1 + messages) * cpuMs;
  return {
    loading: entryRecord({ plugin, version, isLoading: true, stallMs: patience + Math.max(cpuMs, loadTime) }),
    running: Array.from({ length: batchSizes }, (_, size) =>
      entryRecord({ plugin, version, isLoading: false, stallMs: stallMs(2 ** size) }),
    ),
  };
}

class TracedGuest implements Guest {
  private readonly guest: Guest;
  private readonly trace: EntryTrace;
  private readonly records: Records;

  constructor(guest: Guest, trace: EntryTrace, records: Records) {
    this.guest = guest;
    this.trace = trace;
    this.records = records;
  }

  get isAlive(): boolean {
    return this.guest.isAlive;
  }

  get progress(): number {
    return this.guest.progress;
  }

  get findsLoops(): boolean {
    return this.guest.findsLoops;
  }

  set findsLoops(on: boolean) {
    this.guest.findsLoops = on;
  }

  /** One message, alone. */
  dispatch(text: string, bytes?: Uint8Array): string {
    const { loading, running } = this.records;
    const before = this.trace.enter(isSetup(text) ? loading : running[0]!);
    try {
      return this.guest.dispatch(text, bytes);
    } finally {
      this.trace.leave(before);
    }
  }

  dispatchParts(parts: readonly MessagePart[]): string {
    const size = 31 - Math.clz32(parts.length / messageParts);
    const before = this.trace.enter(this.records.running[Math.min(size, batchSizes - 1)]!);
    try {
      return this.guest.dispatchParts(parts);
    } finally {
      this.trace.leave(before);
    }
  }

  memoryUsed(): number {
    return this.guest.memoryUsed();
  }

  dispose(): void {
    this.guest.dispose();
  }
}

/** These are asked only while a plugin is loaded. */
function isSetup([kind]: string): boolean {
  return kind === MessageKind.setup || kind === MessageKind.manifest || kind === MessageKind.match;
}
