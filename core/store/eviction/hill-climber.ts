/** First step, as a share of the whole. */
const firstStep = 0.1;
/** Steps become smaller, so that a share that serves well is settled on. */
const decay = 0.98;
/** A hit rate that changes by so much tells of other traffic: steps are large again. */
const upheaval = 0.05;
const leastLookups = 1000;

/**
 * Finds the share of a cache that serves the traffic at hand, by trying (Einziger, Eytan, Friedman and Manes,
 * "Adaptive Software Cache Management", 2018): as long as hits grow more frequent it goes on in the same
 * direction, otherwise it turns round.
 *
 * @example
 * const change = climber.observe(isHit, entries);
 * if (change !== 0) share += change;
 */
export class HillClimber {
  #step = firstStep;
  #hits = 0;
  #lookups = 0;
  #formerRate = 0;

  /**
   * A lookup.
   *
   * @param entries that are held: ten lookups for each make a sample
   * @returns by how much the share is to change; 0 but for the last lookup of a sample
   */
  observe(isHit: boolean, entries: number): number {
    this.#lookups++;
    if (isHit) this.#hits++;
    if (this.#lookups < Math.max(leastLookups, entries * 10)) return 0;
    const rate = this.#hits / this.#lookups;
    const gain = rate - this.#formerRate;
    const change = gain >= 0 ? this.#step : -this.#step;
    this.#step = Math.abs(gain) >= upheaval ? Math.sign(change) * firstStep : change * decay;
    this.#formerRate = rate;
    this.#hits = this.#lookups = 0;
    return change;
  }
}
