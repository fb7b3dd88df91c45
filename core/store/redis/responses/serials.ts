/** Moments at which a serial was learnt that are remembered. */
const mostMoments = 1000;

/**
 * Which purge was the last one at a moment, as far as was known then: what is asked for after that moment is what came
 * of it, whatever else was purged meanwhile.
 *
 * @example
 * serials.learn(7, 1000);
 * serials.at(1500); // 7
 * serials.at(500); // null
 */
export class Serials {
  private readonly moments: { readonly serial: number; readonly at: number }[] = [];

  /**
   * @param serial that an answer told
   * @param at when it was here, ms, monotonic
   */
  learn(serial: number, at: number): void {
    const { moments } = this;
    if ((moments.at(-1)?.serial ?? -1) >= serial) return;
    moments.push({ serial, at });
    if (moments.length > mostMoments) moments.shift();
  }

  /** Null: nobody knew. */
  at(moment: number): number | null {
    return this.moments.findLast(({ at }) => at <= moment)?.serial ?? null;
  }
}
