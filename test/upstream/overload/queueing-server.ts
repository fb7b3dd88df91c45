/** A server with workers and a queue, clients that do not wait for each other, and a clock of its own. */
import type { GradientLimit } from "../../../core/upstream/overload/gradient-limit.ts";
import type { Random } from "../../support/random.ts";

export interface ServerShape {
  /** Requests that it works on at once. */
  workers: number;
  /** ms for one of them. */
  serviceTime: number;
  /** Whether each takes that long, or that long on average (exponential). */
  steady: boolean;
}

export interface Served {
  readonly served: number;
  readonly refused: number;
  /** Mean, in ms. */
  readonly latency: number;
  /** Mean limit over the time. */
  readonly limit: number;
  readonly lowest: number;
  readonly highest: number;
}

/** What decides who is let through. */
export type Limiter = Pick<GradientLimit, "limit" | "onEnd"> & { onStart(): boolean };

interface Work {
  readonly startedAt: number;
}

export class QueueingServer {
  now = 0;
  readonly shape: ServerShape;
  /** Requests a second that clients send. */
  load = 0;
  private readonly random: Random;
  private limiter: Limiter | null = null;
  private readonly queue: Work[] = [];
  private readonly busy: { readonly work: Work; readonly endsAt: number }[] = [];
  private nextArrival = 0;

  constructor(shape: ServerShape, random: Random) {
    this.shape = shape;
    this.random = random;
  }

  behind(limiter: Limiter): void {
    this.limiter = limiter;
  }

  /** Lets time pass. */
  run(ms: number): Served {
    const limiter = this.limiter!;
    const end = this.now + ms;
    const total = { served: 0, refused: 0, latency: 0, limit: 0 };
    let lowest = limiter.limit;
    let highest = limiter.limit;
    this.nextArrival = this.now + this.gap();
    for (;;) {
      const ending = this.soonest();
      const next = Math.min(this.nextArrival, ending?.endsAt ?? Number.POSITIVE_INFINITY, end);
      total.limit += limiter.limit * (next - this.now);
      this.now = next;
      if (next === end) break;
      if (ending !== undefined && ending.endsAt === next) {
        this.busy.splice(this.busy.indexOf(ending), 1);
        const latency = next - ending.work.startedAt;
        total.served++;
        total.latency += latency;
        limiter.onEnd(latency, true);
      } else {
        this.nextArrival = next + this.gap();
        if (limiter.onStart()) this.queue.push({ startedAt: next });
        else total.refused++;
      }
      this.work();
      lowest = Math.min(lowest, limiter.limit);
      highest = Math.max(highest, limiter.limit);
    }
    return { ...total, latency: total.latency / total.served, limit: total.limit / ms, lowest, highest };
  }

  private work(): void {
    while (this.busy.length < this.shape.workers && this.queue.length > 0) {
      const { serviceTime, steady } = this.shape;
      const takes = steady ? serviceTime : -serviceTime * Math.log(1 - this.random.next());
      this.busy.push({ work: this.queue.shift()!, endsAt: this.now + takes });
    }
  }

  private soonest() {
    let soonest = this.busy[0];
    for (const one of this.busy) if (one.endsAt < soonest!.endsAt) soonest = one;
    return soonest;
  }

  /** ms to the next request: Poisson arrivals. */
  private gap(): number {
    return this.load === 0
      ? Number.POSITIVE_INFINITY
      : (-1000 / this.load) * Math.log(1 - this.random.next());
  }
}
