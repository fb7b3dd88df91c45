/**
 * An average of latencies that believes bad news at once and good news slowly: it jumps to a
 * latency above it and moves towards one below it, the more the longer ago the last one was.
 * Between answers it decays, so that an endpoint that was slow is asked again some day.
 *
 * The rule is that of Finagle's `PeakEwma` metric
 * (https://github.com/twitter/finagle, `com.twitter.finagle.loadbalancer.PeakEwma`), with its decay time.
 */

/** Time in which an observation falls to 1/e of its influence, in ms. */
const decayTime = 10_000;

export class PeakLatency {
  /** ms; 0: nothing is known. */
  private average = 0;
  private stamp = 0;

  /**
   * @param latency ms that an answer took
   * @param now ms, on the clock of the balancers
   * @example
   * standing.latency.answered(12.5, performance.now());
   */
  answered(latency: number, now: number): void {
    const kept = Math.exp(-this.since(now) / decayTime);
    this.average = latency > this.average ? latency : this.average * kept + latency * (1 - kept);
    this.advance(now);
  }

  /**
   * An attempt failed after that time. A failure may make an endpoint look slow but never fast:
   * one that refuses everything at once would otherwise win every comparison.
   */
  failed(latency: number, now: number): void {
    const current = this.at(now);
    this.average = Math.max(current, latency);
    this.advance(now);
  }

  /** ms, as far as it is known at that time; 0: nothing is. */
  at(now: number): number {
    return this.average === 0 ? 0 : this.average * Math.exp(-this.since(now) / decayTime);
  }

  private since(now: number): number {
    return now > this.stamp ? now - this.stamp : 0;
  }

  private advance(now: number): void {
    if (now > this.stamp) this.stamp = now;
  }
}
