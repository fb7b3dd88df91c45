/**
 * What balancers remember of an endpoint. A balancer is built anew whenever membership or
 * health changes; what it learnt stays with the endpoint.
 */
import { PeakLatency } from "./peak-latency.ts";

/** A balancer that gives each of its endpoints a turn. */
export interface Schedule {
  /** How much of the time between two turns of an endpoint has still to pass, in [0, 1]. */
  waitOf(slot: number): number;
}

export class Standing {
  readonly latency = new PeakLatency();
  /** ms; since when it is healthy. Null: it is not, or nobody watches. */
  upSince: number | null = null;
  private schedule: Schedule | null = null;
  private slot = 0;
  private wait: number | null = null;

  /** From now on `schedule` knows when the endpoint's next turn comes. */
  takeTurnsIn(schedule: Schedule, slot: number): void {
    this.schedule = schedule;
    this.slot = slot;
  }

  /**
   * Share of the time between two turns that it has still to wait, in [0, 1]; null: it never had one.
   * Lets go of the schedule, which holds every endpoint that was in it.
   */
  leaveSchedule(): number | null {
    if (this.schedule !== null) this.wait = Math.min(1, Math.max(0, this.schedule.waitOf(this.slot)));
    this.schedule = null;
    return this.wait;
  }
}

const standings = new WeakMap<object, Standing>();

/** Lives as long as the endpoint. Not for every request: who needs it often keeps it. */
export function standingOf(endpoint: object): Standing {
  let standing = standings.get(endpoint);
  if (standing === undefined) {
    standing = new Standing();
    standings.set(endpoint, standing);
  }
  return standing;
}
