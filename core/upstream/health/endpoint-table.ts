import { EndpointMemory, flag, headerWord, slotStart, slotWord } from "./endpoint-memory.ts";
import { EndpointSlots, noSlot } from "./endpoint-slots.ts";

/** What active checks say of an endpoint; `unknown` before the first one, and where there are none. */
export type CheckState = "unknown" | "healthy" | "unhealthy";

/** Why an endpoint is left out: failures in a row, per cent of good answers, or mean latency in ms. */
export interface EjectionReason {
  readonly kind: (typeof ejectionKinds)[number];
  readonly measure: number;
}

/** For how long, and beside how many others, an endpoint may be left out. */
export interface EjectionTerms {
  /** Slots of the cluster's endpoints. */
  readonly among: readonly number[];
  /** Of them that may be left out at once. */
  readonly most: number;
  /** ms of the first ejection; each further one lasts that much longer. */
  readonly first: number;
  /** ms. */
  readonly longest: number;
  /** Whether it is over as soon as somebody accepts connections there. Default: false. */
  readonly isUnreachable?: boolean;
}

/** What came of an attempt to leave an endpoint out. */
export type EjectionOutcome = { readonly ejectedFor: number } | "refused" | "busy";

/** What the table says of one endpoint at one moment. Times are in ms of the table's clock. */
export interface EndpointStanding {
  readonly check: CheckState;
  /** Null: it is not left out for its answers. */
  readonly ejection: (EjectionReason & { readonly until: number }) | null;
  /** So far. */
  readonly ejections: number;
  /** When its health changed last. */
  readonly since: number;
}

export const ejectionKinds = ["consecutive_failures", "success_rate", "latency"] as const;

/**
 * The health of endpoints, in memory that all reactors share: each makes one of these from the same memory. An
 * endpoint has the same slot in every reactor, and what is known of it lives as long as one of them holds the slot,
 * over reloads too. Health changes under a lock; requests only add to counters.
 *
 * @example
 * const table = new EndpointTable(createEndpointMemory());
 * const slot = table.acquire("app/10.0.0.7:8080");
 * table.isUsable(slot); // true
 */
export class EndpointTable {
  readonly memory: EndpointMemory;
  private readonly words: Int32Array;
  private readonly slots: EndpointSlots;

  /**
   * @param memory of `createEndpointMemory`
   * @param now in ms, the same for all threads; by default that of `sharedClock`
   */
  constructor(memory: SharedArrayBuffer, now?: () => number) {
    this.memory = new EndpointMemory(memory, now);
    this.words = this.memory.words;
    this.slots = new EndpointSlots(this.memory);
  }

  /**
   * Another number whenever the health of any endpoint has changed. Who reads it before looking at the endpoints,
   * and again for each request, misses nothing.
   */
  get version(): number {
    return Atomics.load(this.words, headerWord.version);
  }

  /** Endpoints that are known. */
  get size(): number {
    return this.slots.taken;
  }

  /**
   * The slot of an endpoint, to be given back with `release`; `noSlot` when all are taken.
   *
   * @param key `cluster/address`
   * @throws Error when a thread died at work on the table
   */
  acquire(key: string): number {
    return this.slots.acquire(key);
  }

  /** Gives a slot back; when nobody holds it any more, what was known of its endpoint is forgotten. */
  release(slot: number): void {
    if (slot !== noSlot) this.slots.release(slot);
  }

  /** Whether requests may go to it: no check failed it, and it is not ejected. */
  isUsable(slot: number): boolean {
    return slot === noSlot || (this.flagsOf(slot) & (flag.unhealthy | flag.ejected)) === 0;
  }

  isEjected(slot: number): boolean {
    return slot !== noSlot && (this.flagsOf(slot) & flag.ejected) !== 0;
  }

  checkState(slot: number): CheckState {
    return slot === noSlot ? "unknown" : stateOf(this.flagsOf(slot));
  }

  standing(slot: number): EndpointStanding {
    if (slot === noSlot) return { check: "unknown", ejection: null, ejections: 0, since: this.memory.now() };
    return this.memory.locked(() => ({
      check: this.checkState(slot),
      ejection: this.isEjected(slot) ? this.ejectionOf(slot) : null,
      ejections: this.words[slotStart(slot) + slotWord.ejections]!,
      since: this.memory.double(slot, slotWord.changed),
    }));
  }

  /** Ejections so far for that reason, modulo 2^32. */
  ejectionsFor(slot: number, kind: EjectionReason["kind"]): number {
    if (slot === noSlot) return 0;
    return Atomics.load(this.words, kindWord(slot, kind)) >>> 0;
  }

  // --- active checks

  setCheckState(slot: number, state: CheckState): void {
    if (slot !== noSlot) this.memory.locked(() => this.writeCheckState(slot, state));
  }

  /** Says that a check looks after it from now on. */
  addCheck(slot: number): void {
    if (slot !== noSlot) Atomics.add(this.words, slotStart(slot) + slotWord.checks, 1);
  }

  /** Takes `addCheck` back. When no check looks after it any more nothing is known of it by checks. */
  removeCheck(slot: number): void {
    if (slot === noSlot) return;
    this.memory.locked(() => {
      const before = Atomics.sub(this.words, slotStart(slot) + slotWord.checks, 1);
      if (before === 1) this.writeCheckState(slot, "unknown");
    });
  }

  // --- ejections

  /** Says that somebody who ends ejections watches it from now on. */
  addWatcher(slot: number): void {
    if (slot !== noSlot) Atomics.add(this.words, slotStart(slot) + slotWord.watchers, 1);
  }

  /** Takes `addWatcher` back. When nobody watches it any more it is not left out. */
  removeWatcher(slot: number): void {
    if (slot === noSlot) return;
    this.memory.locked(() => {
      const before = Atomics.sub(this.words, slotStart(slot) + slotWord.watchers, 1);
      if (before === 1 && this.isEjected(slot)) this.endEjection(slot);
    });
  }

  /**
   * Leaves an endpoint out, unless it is or as many as may be are. Called on the way of a request, so it waits for
   * nobody: `busy` when another thread changes the table at this moment.
   */
  eject(slot: number, reason: EjectionReason, terms: EjectionTerms): EjectionOutcome {
    if (slot === noSlot) return "refused";
    const done = this.memory.lockedAtOnce(() => {
      const ejected = terms.among.reduce((count, other) => count + (this.isEjected(other) ? 1 : 0), 0);
      if (this.isEjected(slot) || ejected >= terms.most) return "refused";
      return { ejectedFor: this.beginEjection(slot, reason, terms) };
    });
    return done === null ? "busy" : done.value;
  }

  /** Ends an ejection whose time is over. Returns whether there was one. */
  endDueEjection(slot: number, now: number): boolean {
    if (!this.isEjected(slot)) return false;
    return this.memory.locked(() => {
      const isDue = this.isEjected(slot) && this.memory.double(slot, slotWord.ejectedUntil) <= now;
      if (isDue) this.endEjection(slot);
      return isDue;
    });
  }

  /** Whether it is ejected because nobody accepted connections there. */
  isUnreachable(slot: number): boolean {
    if (!this.isEjected(slot)) return false;
    return Atomics.load(this.words, slotStart(slot) + slotWord.unreachable) === 1;
  }

  /** Ends an ejection because somebody accepts connections again. Returns whether there was one to be ended by that. */
  endUnreachable(slot: number): boolean {
    if (!this.isUnreachable(slot)) return false;
    return this.memory.locked(() => {
      if (!this.isUnreachable(slot)) return false;
      this.endEjection(slot);
      Atomics.add(this.words, slotStart(slot) + slotWord.reconnects, 1);
      return true;
    });
  }

  /** Ejections so far that ended because somebody accepted connections again, modulo 2^32. */
  reconnects(slot: number): number {
    return slot === noSlot ? 0 : Atomics.load(this.words, slotStart(slot) + slotWord.reconnects) >>> 0;
  }

  /** Makes the next ejection shorter when the last one ended so long ago, in ms, or longer. */
  forgive(slot: number, now: number, after: number): void {
    if (slot === noSlot) return;
    const at = slotStart(slot) + slotWord.multiplier;
    if (this.words[at] === 0 || this.isEjected(slot)) return;
    this.memory.locked(() => {
      const isGood = !this.isEjected(slot) && now - this.memory.double(slot, slotWord.ejectedUntil) >= after;
      if (isGood && this.words[at]! > 0) this.words[at]! -= 1;
    });
  }

  // --- under the lock

  /**
   * Its time grows with each ejection as in Envoy. The multiplier stops growing where the time does, so that good
   * conduct shortens the next one at once.
   *
   * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier#ejection-algorithm
   */
  private beginEjection(
    slot: number,
    reason: EjectionReason,
    { first, longest, isUnreachable = false }: EjectionTerms,
  ): number {
    const { words } = this;
    const at = slotStart(slot);
    const most = Math.max(first, longest);
    if (words[at + slotWord.multiplier]! * first < most) words[at + slotWord.multiplier]! += 1;
    const time = Math.min(most, words[at + slotWord.multiplier]! * first);
    words[at + slotWord.ejections]! += 1;
    words[kindWord(slot, reason.kind)]! += 1;
    words[at + slotWord.reason] = ejectionKinds.indexOf(reason.kind);
    words[at + slotWord.measure] = Math.round(reason.measure);
    words[at + slotWord.unreachable] = isUnreachable ? 1 : 0;
    const now = this.memory.now();
    this.memory.setDouble(slot, slotWord.ejectedUntil, now + time);
    Atomics.store(words, at + slotWord.consecutive, 0);
    this.writeFlags(slot, this.flagsOf(slot) | flag.ejected, now);
    return time;
  }

  private endEjection(slot: number): void {
    const now = this.memory.now();
    this.memory.setDouble(slot, slotWord.ejectedUntil, now);
    Atomics.store(this.words, slotStart(slot) + slotWord.consecutive, 0);
    this.writeFlags(slot, this.flagsOf(slot) & ~flag.ejected, now);
  }

  private ejectionOf(slot: number): EjectionReason & { until: number } {
    const at = slotStart(slot);
    return {
      kind: ejectionKinds[this.words[at + slotWord.reason]!]!,
      measure: this.words[at + slotWord.measure]!,
      until: this.memory.double(slot, slotWord.ejectedUntil),
    };
  }

  private writeCheckState(slot: number, state: CheckState): void {
    this.writeFlags(slot, (this.flagsOf(slot) & flag.ejected) | bitsOf(state), this.memory.now());
  }

  /** The version changes after the flags: who sees the new one sees the new flags. */
  private writeFlags(slot: number, flags: number, now: number): void {
    if (flags === this.flagsOf(slot)) return;
    this.memory.setDouble(slot, slotWord.changed, now);
    Atomics.store(this.words, slotStart(slot) + slotWord.flags, flags);
    Atomics.add(this.words, headerWord.version, 1);
  }

  private flagsOf(slot: number): number {
    return Atomics.load(this.words, slotStart(slot) + slotWord.flags);
  }
}

function kindWord(slot: number, kind: EjectionReason["kind"]): number {
  return slotStart(slot) + slotWord.ejectionsByKind + ejectionKinds.indexOf(kind);
}

function stateOf(flags: number): CheckState {
  if ((flags & flag.checked) === 0) return "unknown";
  return (flags & flag.unhealthy) === 0 ? "healthy" : "unhealthy";
}

function bitsOf(state: CheckState): number {
  if (state === "unknown") return 0;
  return state === "healthy" ? flag.checked : flag.checked | flag.unhealthy;
}
