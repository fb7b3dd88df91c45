import type { Counters } from "sluice/sdk";
import { type CircuitRules, openFor } from "./rules.ts";
import { SlidingWindow, type Totals } from "./window.ts";

/** What a call came to. */
export interface CallResult {
  readonly failed: boolean;
  readonly slow: boolean;
}

/** Whether a call may go. */
export type Decision = Passed | Refused;

interface Passed {
  readonly allowed: true;
  /** To be given back with the call's result. */
  readonly pass: number;
  readonly change: Change | null;
}

interface Refused {
  readonly allowed: false;
  /** Ms until it may be worth while to ask again. */
  readonly wait: number;
}

/** A circuit has become another one, and this call is the one that did it. */
export type Change = Opened | { readonly to: "half-open" | "closed" };

interface Opened {
  readonly to: "open";
  readonly because: string;
  /** Ms. */
  readonly time: number;
  /** Whether it was not closed since it opened last. */
  readonly again: boolean;
}

/** While others try whether it has recovered, nobody knows how long that takes, in ms. */
const whileTried = 1000;

/**
 * A circuit: closed while calls go well, open when they do not, half-open while a few of them try it again.
 *
 * Its state is one number that all reactors share, and whoever changes it swaps it, so each change is made once. Above 0
 * it is the time until which the circuit is open; it is half-open from then on until enough probes are back. 0 or below
 * it is closed, and the number says since when: what was counted before belongs to another window. The number is
 * a call's pass, too. A result whose pass is not of this state any more changes nothing.
 */
export class Circuit {
  readonly name: string;
  private readonly counters: Counters;
  private readonly rules: CircuitRules;
  private readonly chance: () => number;
  private window: SlidingWindow | null = null;
  private windowPass = 0;

  /** @param chance from 0 to 1 */
  constructor(name: string, rules: CircuitRules, counters: Counters, chance: () => number = Math.random) {
    this.name = name;
    this.rules = rules;
    this.counters = counters;
    this.chance = chance;
  }

  /** Whether a call may go now. */
  ask(): Decision {
    const state = this.state;
    if (state <= 0) return { allowed: true, pass: state, change: null };
    const now = this.counters.now();
    if (now < state) return { allowed: false, wait: state - now };
    const { probes, probeTimeout } = this.rules;
    const taken = this.counters.add(this.probeKey(state, "out"), 1, {
      most: probes,
      ttl: probeTimeout / 1000,
    });
    if (taken === undefined) return { allowed: false, wait: whileTried };
    return { allowed: true, pass: state, change: taken === 1 ? { to: "half-open" } : null };
  }

  /** As `ask`, but a circuit that is to be tried allows nothing. */
  look(): Decision {
    const state = this.state;
    if (state <= 0) return { allowed: true, pass: state, change: null };
    const wait = state - this.counters.now();
    return { allowed: false, wait: wait > 0 ? wait : whileTried };
  }

  get isClosed(): boolean {
    return this.state <= 0;
  }

  /** The pass of a call that began then, without having asked; null: it says nothing of the state that the circuit is in now. */
  passSince(begun: number): number | null {
    const state = this.state;
    return state <= 0 && begun >= -state ? state : null;
  }

  private get state(): number {
    return this.counters.get(this.key("state")) ?? 0;
  }

  /**
   * A call that had this pass is over.
   *
   * @param now in ms, of `counters.now()`
   */
  record(pass: number, result: CallResult, now: number): Change | null {
    return pass > 0 ? this.recordProbe(pass, result, now) : this.recordCall(pass, result, now);
  }

  /** The call was not made, or says nothing. */
  giveBack(pass: number): void {
    if (pass <= 0) return;
    const key = this.probeKey(pass, "out");
    if ((this.counters.get(key) ?? 0) > 0) this.counters.add(key, -1);
  }

  private recordCall(pass: number, { failed, slow }: CallResult, now: number): Change | null {
    const totals = this.windowOf(pass).add(failed, slow, now, this.rules.minimumCalls);
    const because = this.rowOf(pass, failed) ?? (totals === null ? null : this.reasonIn(totals));
    return because === null ? null : this.open(pass, because, now);
  }

  private recordProbe(pass: number, { failed, slow }: CallResult, now: number): Change | null {
    const { counters, rules } = this;
    if (counters.get(this.key("state")) !== pass) return null;
    const ttl = 2 * (rules.probeTimeout / 1000);
    const count = (what: string, by: number) => counters.add(this.probeKey(pass, what), by, { ttl });
    const back = count("back", 1);
    const bad = { failed: count("failed", failed ? 1 : 0), slow: count("slow", slow ? 1 : 0) };
    // Those that are still out cannot make it better than this.
    const because = this.rateIn({ ...bad, calls: rules.probes });
    if (because !== null) return this.open(pass, `${because} of the probes`, now);
    return back >= rules.probes ? this.close(pass, now) : null;
  }

  /** Failures in a row that are too many; null: they are not. */
  private rowOf(pass: number, failed: boolean): string | null {
    const { consecutiveFailures: most } = this.rules;
    if (most === 0) return null;
    const key = this.key(`row ${pass}`);
    if (failed) return this.counters.add(key) >= most ? `${most} failures in a row` : null;
    if ((this.counters.get(key) ?? 0) > 0) this.counters.delete(key);
    return null;
  }

  private reasonIn(totals: Totals): string | null {
    return totals.calls < this.rules.minimumCalls ? null : this.rateIn(totals);
  }

  private rateIn({ calls, failed, slow }: Totals): string | null {
    const { failureRate, slowRate } = this.rules;
    if (failed > 0 && failed * 100 >= failureRate * calls) return `${percent(failed, calls)} failed`;
    if (slow > 0 && slow * 100 >= slowRate * calls) return `${percent(slow, calls)} slow`;
    return null;
  }

  private open(pass: number, because: string, now: number): Change | null {
    const times = (this.counters.get(this.key("times")) ?? 0) + 1;
    const time = openFor(this.rules.openTime, times, this.chance());
    if (!this.swap(pass, now + time)) return null;
    this.counters.set(this.key("times"), times);
    return { to: "open", because, time, again: pass > 0 };
  }

  private close(pass: number, now: number): Change | null {
    if (!this.swap(pass, -now)) return null;
    this.counters.delete(this.key("times"));
    return { to: "closed" };
  }

  private swap(pass: number, next: number): boolean {
    return this.counters.compareAndSet(this.key("state"), pass === 0 ? undefined : pass, next);
  }

  private windowOf(pass: number): SlidingWindow {
    if (this.window === null || this.windowPass !== pass) {
      this.window = new SlidingWindow(this.counters, this.key(`window ${pass}`), this.rules.window);
      this.windowPass = pass;
    }
    return this.window;
  }

  private probeKey(pass: number, what: string): string {
    return this.key(`probes ${pass} ${what}`);
  }

  private key(what: string): string {
    return `${this.name} ${what}`;
  }
}

function percent(part: number, whole: number): string {
  return `${Math.round((100 * part) / whole)} % of ${whole}`;
}
