/** Names beyond this many share one row, so that neither memory nor the number of series can run away. */
export const maxNames = 2048;

export const overflowName = "other";

/**
 * Rows of counters of equal width, one row for each name. Row 0 belongs to `other`, which
 * stands for every name past `maxNames`. Rows are added at reload; the hot path only adds
 * to `cells[slot * width + column]`.
 */
export class CounterTable {
  readonly width: number;
  cells: Float64Array;
  readonly #slots = new Map<string, number>([[overflowName, 0]]);

  constructor(width: number) {
    this.width = width;
    this.cells = new Float64Array(width * 4);
  }

  /** The row of this name, the same one for as long as the table lives. */
  slot(name: string): number {
    const known = this.#slots.get(name);
    if (known !== undefined) return known;
    if (this.#slots.size > maxNames) return 0;
    const slot = this.#slots.size;
    this.#slots.set(name, slot);
    this.#grow((slot + 1) * this.width);
    return slot;
  }

  add(slot: number, column: number, value: number): void {
    this.cells[slot * this.width + column]! += value;
  }

  *rows(): Generator<readonly [name: string, row: Float64Array]> {
    for (const [name, slot] of this.#slots) {
      yield [name, this.cells.subarray(slot * this.width, (slot + 1) * this.width)];
    }
  }

  /** All but the one that stands for too many names, until it is used. */
  *shownRows(): Generator<readonly [name: string, row: Float64Array]> {
    for (const named of this.rows()) {
      if (named[0] !== overflowName || named[1].some((count) => count !== 0)) yield named;
    }
  }

  #grow(length: number): void {
    if (length > this.cells.length) {
      const grown = new Float64Array(Math.max(length, this.cells.length * 2));
      grown.set(this.cells);
      this.cells = grown;
    }
  }
}
