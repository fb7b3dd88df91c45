/** What a request that found nothing does about others that want the same. */
export type Boarding =
  /** It goes to the origin, and others wait for it. */
  | "lead"
  /** It waits for the one that leads, and looks again when that has landed. */
  | "wait"
  /** It goes to the origin by itself. */
  | "alone";

export interface FlightLimits {
  /** ms that others wait for one, at most; after that the next one leads. */
  readonly patience: number;
  /** ms in which requests go alone after an answer that they could not share. */
  readonly apart: number;
  /** Keys that are remembered, at most. */
  readonly maximum: number;
}

/**
 * Which requests go to the origin when many want the same at once (request collapsing, RFC 9111 section 4). One
 * leads. When its answer turns out to be for it alone, the others would have waited in vain, and one by
 * one: for a while nobody waits for that key.
 *
 * @example
 * const boarding = flights.board(key, Date.now());
 * flights.land(key, wasStored, Date.now()); // on every way out, if the boarding was "lead"
 */
export class Flights {
  readonly #limits: FlightLimits;
  /** When the one that leads took off, ms since the epoch. */
  readonly #airborne = new Map<string, number>();
  /** Until when nobody waits, ms since the epoch. */
  readonly #apart = new Map<string, number>();

  constructor(limits: FlightLimits) {
    this.#limits = limits;
  }

  /** @param now ms since the epoch */
  board(key: string, now: number): Boarding {
    const until = this.#apart.get(key);
    if (until !== undefined) {
      if (now < until) return "alone";
      this.#apart.delete(key);
    }
    const since = this.#airborne.get(key);
    if (since !== undefined && now - since < this.#limits.patience) return "wait";
    if (since === undefined && this.#airborne.size >= this.#limits.maximum) return "alone";
    this.#airborne.set(key, now);
    return "lead";
  }

  /**
   * The one that led has its answer, or has none.
   *
   * @param isShared whether what came can answer the others: it was stored and needs no validation
   * @param now ms since the epoch
   */
  land(key: string, isShared: boolean, now: number): void {
    this.#airborne.delete(key);
    if (isShared) return;
    if (this.#apart.size >= this.#limits.maximum) forgetFirst(this.#apart);
    this.#apart.set(key, now + this.#limits.apart);
  }
}

function forgetFirst(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
