/**
 * Which members and items of one value a schema has looked at, for `unevaluatedProperties` and `unevaluatedItems`
 * (core section 11).
 */
export class Seen {
  private all = false;
  private readonly names = new Set<string>();
  /** Items before this one were looked at. */
  private items = 0;
  private readonly others = new Set<number>();

  addName(name: string): void {
    this.names.add(name);
  }

  addAllNames(): void {
    this.all = true;
  }

  hasName(name: string): boolean {
    return this.all || this.names.has(name);
  }

  /** @param end index behind the last one */
  addItemsTo(end: number): void {
    this.items = Math.max(this.items, end);
  }

  addItem(index: number): void {
    this.others.add(index);
  }

  hasItem(index: number): boolean {
    return index < this.items || this.others.has(index);
  }

  /** Adds what a schema in the same place looked at. */
  add(other: Seen): void {
    this.all ||= other.all;
    this.addItemsTo(other.items);
    for (const name of other.names) this.names.add(name);
    for (const index of other.others) this.others.add(index);
  }
}
