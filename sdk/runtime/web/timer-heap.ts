/** What waits for its time. */
export interface Waiting {
  /** As the clock of the guest tells it, in ms. */
  due: number;
  /** Grows with every one: of those that are due together the first is the one that was there first. */
  order: number;
  /** Where the heap keeps it. */
  place: number;
}

/** A binary heap from which any item can be taken: most timers are cleared long before their time. */
export class TimerHeap<Item extends Waiting> {
  private readonly items: Item[] = [];

  /** The one that is due next. */
  get first(): Item | undefined {
    return this.items[0];
  }

  add(item: Item): void {
    this.rise(item, this.items.length);
  }

  /** @param item one that is here */
  remove(item: Item): void {
    const { items } = this;
    const { place } = item;
    const last = items.pop()!;
    if (last === item) return;
    if (place > 0 && isBefore(last, items[(place - 1) >> 1]!)) this.rise(last, place);
    else this.sink(last, place);
  }

  private rise(item: Item, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = this.items[above]!;
      if (!isBefore(item, other)) break;
      this.put(other, place);
      place = above;
    }
    this.put(item, place);
  }

  private sink(item: Item, from: number): void {
    const { items } = this;
    let place = from;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= items.length) break;
      if (below + 1 < items.length && isBefore(items[below + 1]!, items[below]!)) below++;
      const other = items[below]!;
      if (!isBefore(other, item)) break;
      this.put(other, place);
      place = below;
    }
    this.put(item, place);
  }

  private put(item: Item, place: number): void {
    this.items[place] = item;
    item.place = place;
  }
}

function isBefore(one: Waiting, other: Waiting): boolean {
  return one.due < other.due || (one.due === other.due && one.order < other.order);
}
