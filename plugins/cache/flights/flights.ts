/** What a request that found nothing does about others that want the same. */
export type Boarding =
  /** It goes to the origin, and others wait for it. */
  | "lead"
  /** It waits for the one that leads. */
  | "wait"
  /** It goes to the origin by itself. */
  | "alone";

/** How the request that led came back. */
export type Landing =
  /** With an answer for all: it is in the store. */
  | "shared"
  /** With an answer for itself. */
  | "apart"
  /** With none, and what is stale stood in for it. */
  | "stood-in"
  /** With none. */
  | "failed";

/** What one that waited does now. */
export type Turn =
  /** Look again: there is an answer. */
  | "look"
  /** Take what is stale, as the one that led did. */
  | "stand-in"
  | "lead"
  | "alone";

export interface FlightLimits {
  /** ms after which the next one leads although the last one is not back. */
  readonly patience: number;
  /** ms in which requests go alone after an answer that they could not share. */
  readonly apart: number;
  /** Keys that are remembered, and requests that wait, at most. */
  readonly maximum: number;
}

/** A request that leads, or would. */
export interface Leader {
  /** Somebody waits for it. */
  wanted(): void;
}

/** One that waits. */
export interface Waiter {
  readonly key: string;
  /** Stands for it, should it lead. */
  readonly leader: Leader;
  /** When it goes alone, in ms. */
  readonly until: number;
  readonly go: (turn: Turn) => void;
}

interface Flight {
  leader: Leader;
  /** When the next one may lead, in ms. */
  until: number;
  readonly waiting: Set<Waiter>;
}

/**
 * Which requests go to the origin when many want the same at once (request collapsing, RFC 9111 section 4). One
 * leads. When it fails, the next one does. When its answer turns out to be for it alone, the others would
 * have waited in vain, and one by one: they all go, and for a while nobody waits for that key.
 *
 * @example
 * if (flights.board(key, leader, now) === "lead") send();
 * flights.land(key, leader, wasStored ? "shared" : "apart", now); // on every way out
 */
export class Flights {
  readonly #limits: FlightLimits;
  readonly #flights = new Map<string, Flight>();
  /** Until when nobody waits, in ms. */
  readonly #apart = new Map<string, number>();
  #waiting = 0;

  constructor(limits: FlightLimits) {
    this.#limits = limits;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * @param leader stands for the request, should it lead
   * @param now in ms, of any clock that does not jump
   */
  board(key: string, leader: Leader, now: number): Boarding {
    const { patience, maximum } = this.#limits;
    const until = this.#apart.get(key);
    if (until !== undefined) {
      if (now < until) return "alone";
      this.#apart.delete(key);
    }
    const flight = this.#flights.get(key);
    if (flight !== undefined && now < flight.until) return this.#waiting < maximum ? "wait" : "alone";
    if (flight === undefined) {
      if (this.#flights.size >= maximum && !this.#forgetLost(now)) return "alone";
      this.#flights.set(key, { leader, until: now + patience, waiting: new Set() });
    } else {
      flight.leader = leader;
      flight.until = now + patience;
    }
    return "lead";
  }

  /**
   * Another one leads in the place of the one that did.
   *
   * @param time ms after which the next one may, although this one is not back
   */
  take(key: string, leader: Leader, time: number, now: number): void {
    const flight = this.#flights.get(key);
    if (flight !== undefined) {
      flight.leader = leader;
      flight.until = now + time;
    } else if (this.#flights.size < this.#limits.maximum) {
      this.#flights.set(key, { leader, until: now + time, waiting: new Set() });
    }
  }

  /** After `board` said that it is to wait. `go` is called once, unless it leaves before. */
  wait(waiter: Waiter): void {
    const flight = this.#flights.get(waiter.key)!;
    flight.waiting.add(waiter);
    this.#waiting++;
    flight.leader.wanted();
  }

  /** One that waits has gone away. */
  leave(waiter: Waiter): void {
    const flight = this.#flights.get(waiter.key);
    if (flight?.waiting.delete(waiter)) this.#waiting--;
  }

  /** The one that led is back. Another one may lead meanwhile: then a failure changes nothing. */
  land(key: string, leader: Leader, landing: Landing, now: number): void {
    if (landing === "apart") this.#keepApart(key, now);
    const flight = this.#flights.get(key);
    if (flight === undefined) return;
    if (landing === "failed") {
      if (flight.leader === leader) this.#handOver(key, flight, now);
      return;
    }
    this.#flights.delete(key);
    const turn = landing === "shared" ? "look" : landing === "apart" ? "alone" : "stand-in";
    this.#release(flight, [...flight.waiting], turn);
  }

  /**
   * Those whose time is over go alone.
   *
   * @returns when this is to be called again, in ms; Infinity: nobody waits
   */
  expire(now: number): number {
    let next = Infinity;
    for (const flight of this.#flights.values()) {
      const late = [...flight.waiting].filter(({ until }) => until <= now);
      this.#release(flight, late, "alone");
      for (const { until } of flight.waiting) next = Math.min(next, until);
    }
    return next;
  }

  #handOver(key: string, flight: Flight, now: number): void {
    const [next] = flight.waiting;
    if (next === undefined) {
      this.#flights.delete(key);
      return;
    }
    flight.leader = next.leader;
    flight.until = now + this.#limits.patience;
    this.#release(flight, [next], "lead");
    if (flight.waiting.size > 0) next.leader.wanted();
  }

  #release(flight: Flight, waiters: readonly Waiter[], turn: Turn): void {
    for (const waiter of waiters) {
      if (!flight.waiting.delete(waiter)) continue;
      this.#waiting--;
      waiter.go(turn);
    }
  }

  /** The oldest one may be of a leader that was lost. Returns whether there is a place now. */
  #forgetLost(now: number): boolean {
    const [oldest] = this.#flights;
    if (oldest === undefined) return false;
    const [key, { until, waiting }] = oldest;
    return waiting.size === 0 && now >= until && this.#flights.delete(key);
  }

  #keepApart(key: string, now: number): void {
    this.#apart.delete(key);
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
