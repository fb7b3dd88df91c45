/**
 * Draws an index with a probability in proportion to its weight, in constant time: every index
 * has a column of equal width, of which it leaves a part to one other.
 *
 * The alias method (Walker, 1974); the table is filled as in Vose, "A Linear Algorithm for
 * Generating Random Numbers with a Given Distribution", 1991.
 */
export class WeightedDraw {
  private readonly size: number;
  /** Share of its own column that an index keeps. */
  private readonly kept: Float64Array;
  private readonly alias: Int32Array;
  private readonly random: () => number;

  /**
   * @param weights at least one, all above 0
   * @param random in [0, 1)
   */
  constructor(weights: ArrayLike<number>, random: () => number) {
    this.size = weights.length;
    this.kept = new Float64Array(this.size);
    this.alias = new Int32Array(this.size);
    this.random = random;
    this.reweigh(weights);
  }

  draw(): number {
    const place = this.random() * this.size;
    const column = Math.floor(place);
    return place - column < this.kept[column]! ? column : this.alias[column]!;
  }

  /** One that is not `index`, of two or more. */
  drawOther(index: number): number {
    const other = this.draw();
    if (other !== index) return other;
    const step = 1 + Math.floor(this.random() * (this.size - 1));
    return (index + step) % this.size;
  }

  reweigh(weights: ArrayLike<number>): void {
    let total = 0;
    for (let i = 0; i < this.size; i++) total += weights[i]!;
    const poor: number[] = [];
    const rich: number[] = [];
    for (let i = 0; i < this.size; i++) {
      this.kept[i] = (weights[i]! * this.size) / total;
      this.alias[i] = i;
      (this.kept[i]! < 1 ? poor : rich).push(i);
    }
    while (poor.length > 0 && rich.length > 0) {
      const [lender, borrower] = [rich.at(-1)!, poor.pop()!];
      this.alias[borrower] = lender;
      this.kept[lender]! -= 1 - this.kept[borrower]!;
      if (this.kept[lender]! < 1) poor.push(rich.pop()!);
    }
    // What is left is full but for rounding.
    for (const index of [...poor, ...rich]) this.kept[index] = 1;
  }
}
