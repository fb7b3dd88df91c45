import { MessageKind } from "../../sdk/runtime/message.ts";
import type { Engine, Guest, GuestOptions } from "../sandbox/engine.ts";
import { type EntryRecord, type EntryTrace, entryRecord } from "./entry-trace.ts";

/** What the watch over a guest may be late, and the guest's own garbage collection may take, in ms. */
const patience = 350;
/** The engines give the top level of a plugin more time than a message, in ms. */
const loadTime = 1000;

/** An engine whose guests leave a trace of each entry. */
export function tracedEngine(engine: Engine, trace: EntryTrace): Engine {
  return {
    name: engine.name,
    async create(options) {
      const { loading, running } = recordsOf(options);
      const before = trace.enter(loading);
      try {
        return new TracedGuest(await engine.create(options), trace, loading, running);
      } finally {
        trace.leave(before);
      }
    },
  };
}

function recordsOf({ name, limits }: GuestOptions): { loading: EntryRecord; running: EntryRecord } {
  const { cpuMs } = limits;
  return {
    loading: entryRecord({ plugin: name, isLoading: true, stallMs: patience + Math.max(cpuMs, loadTime) }),
    running: entryRecord({ plugin: name, isLoading: false, stallMs: patience + 2 * cpuMs }),
  };
}

class TracedGuest implements Guest {
  private readonly guest: Guest;
  private readonly trace: EntryTrace;
  private readonly loading: EntryRecord;
  private readonly running: EntryRecord;

  constructor(guest: Guest, trace: EntryTrace, loading: EntryRecord, running: EntryRecord) {
    this.guest = guest;
    this.trace = trace;
    this.loading = loading;
    this.running = running;
  }

  get isAlive(): boolean {
    return this.guest.isAlive;
  }

  dispatch(text: string, bytes?: Uint8Array): string {
    const before = this.trace.enter(isSetup(text) ? this.loading : this.running);
    try {
      return this.guest.dispatch(text, bytes);
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

function isSetup(text: string): boolean {
  return text[0] === MessageKind.setup || text[0] === MessageKind.manifest;
}
