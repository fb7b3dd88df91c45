/**
 * The time in which the head of a response has to arrive, with looks in between whether the endpoint answers anybody:
 * one that is gone is noticed long before that time is over. Each method returns the ms until something is to be done.
 */
import type { Endpoint } from "./endpoint.ts";

/** What is asked of the endpoint. */
export type WaitedFor = Pick<Endpoint, "patience" | "patienceFor" | "quietFor" | "timeouts">;

export class HeadWait {
  private readonly endpoint: WaitedFor;
  /** ms for the response head. */
  private time = 0;
  /** ms until the next look; 0: there is none. */
  private untilLook = 0;
  /** ms of `time` that are over. */
  private waited = 0;
  /** ms that the endpoint may still be quiet. */
  private patienceLeft = 0;

  constructor(endpoint: WaitedFor) {
    this.endpoint = endpoint;
  }

  /** Whether it is looked before the time is over. */
  get looks(): boolean {
    return this.untilLook > 0;
  }

  /** @param time ms until the response head; 0: as the cluster says */
  begin(time: number): number {
    this.time = time === 0 ? this.endpoint.timeouts.responseHead : time;
    return this.beginAgain();
  }

  /** The time runs from here on. */
  beginAgain(): number {
    this.waited = 0;
    this.untilLook = this.endpoint.patienceFor(this.time);
    return this.untilLook === 0 ? this.time : this.untilLook;
  }

  /** The time runs from here on, and nobody looks. */
  beginBlind(time = this.time): number {
    this.time = time;
    this.untilLook = 0;
    return time;
  }

  /** It is time to look. Returns whether the endpoint has been quiet for as long as may be. */
  look(now: number): boolean {
    const { endpoint } = this;
    this.waited += this.untilLook;
    this.patienceLeft = endpoint.patience - endpoint.quietFor(now);
    return this.patienceLeft <= 0;
  }

  /** It is waited on after a look. */
  goOn(): number {
    const next = this.patienceLeft > 0 ? this.patienceLeft : this.endpoint.patience;
    const left = this.time - this.waited;
    this.untilLook = next < left ? Math.ceil(next) : 0;
    return Math.max(1, this.untilLook === 0 ? left : this.untilLook);
  }
}
