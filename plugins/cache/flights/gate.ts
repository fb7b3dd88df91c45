/** Where requests wait for another one: flights with a clock. */
import { type Boarding, Flights, type Landing, type Leader, type Turn, type Waiter } from "./flights.ts";

/** More keys, or requests that wait, than one reactor has at a time. */
const maximum = 10_000;
/** ms in which requests go alone after an answer that they could not share. */
const apart = 60_000;
/** ms in which a refresh must have begun, where nobody waits. */
const claim = 3000;
/** ms that the proxy gives a refresh. */
const longestRefresh = 60_000;
/** What is due within so many ms is done together: a guest has few timers. */
const shortest = 20;

/** As much of a signal as is listened to here. */
export interface Leaving {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

export class Gate {
  /** ms that a request waits, at most; 0: none does. */
  readonly #patience: number;
  readonly #flights: Flights;
  /** When those whose time is over are looked for. */
  #due = Infinity;

  constructor(patience: number) {
    this.#patience = patience;
    this.#flights = new Flights({ patience: patience || claim, apart, maximum });
  }

  /**
   * Who leads must land, or be gone by its signal.
   *
   * @param leader stands for the request in `land`
   */
  board(key: string, leader: Leader, signal: Leaving): Boarding {
    if (this.#patience === 0) return "alone";
    const boarding = this.#flights.board(key, leader, performance.now());
    if (boarding === "lead") this.#landIfGone(key, leader, signal);
    return boarding;
  }

  /** Leads in the place of the one that did. */
  take(key: string, leader: Leader, signal: Leaving): void {
    this.#flights.take(key, leader, longestRefresh, performance.now());
    this.#landIfGone(key, leader, signal);
  }

  /** Whether nobody leads, so that this one is to: by `take`, in another request. */
  isFree(key: string, leader: Leader): boolean {
    return this.#flights.board(key, leader, performance.now()) === "lead";
  }

  land(key: string, leader: Leader, landing: Landing): void {
    this.#flights.land(key, leader, landing, performance.now());
  }

  /**
   * Until when a request waits that arrives now, as `performance.now()` tells the time.
   *
   * @param deadline when its phase must be over
   */
  patienceUntil(deadline: number): number {
    const now = performance.now();
    // It still has to be sent on, or answered, within its phase.
    return Math.min(now + this.#patience, now + (deadline - now) * 0.9);
  }

  /** After `board` said so. One that leaves goes alone: nobody sees where. */
  async wait(key: string, leader: Leader, until: number, signal: Leaving): Promise<Turn> {
    const { promise, resolve } = Promise.withResolvers<Turn>();
    const waiter: Waiter = { key, leader, until, go: resolve };
    const leave = (): void => {
      this.#flights.leave(waiter);
      resolve("alone");
    };
    signal.addEventListener("abort", leave);
    this.#flights.wait(waiter);
    this.#watch(until);
    const turn = await promise;
    signal.removeEventListener("abort", leave);
    if (turn === "lead") this.#landIfGone(key, leader, signal);
    return turn;
  }

  #landIfGone(key: string, leader: Leader, signal: Leaving): void {
    if (signal.aborted) this.land(key, leader, "failed");
    else signal.addEventListener("abort", () => this.land(key, leader, "failed"));
  }

  #watch(until: number): void {
    if (this.#due <= until) return;
    const due = Math.max(until, performance.now() + shortest);
    this.#due = due;
    setTimeout(() => {
      if (this.#due === due) this.#due = Infinity;
      this.#watch(this.#flights.expire(performance.now()));
    }, due - performance.now());
  }
}
