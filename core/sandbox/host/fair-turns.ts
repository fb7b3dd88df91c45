/** Those of one party that wait, the first one first. */
export type Lane = (() => void)[];

/**
 * Lets so many pieces of work run at a time. Parties that wait have their turns one after the other, however much each
 * of them waits for.
 */
export class FairTurns {
  private free: number;
  /** Whose turn is next comes first; none of them is empty. */
  private readonly lanes: Lane[] = [];

  constructor(atOnce: number) {
    this.free = atOnce;
  }

  /**
   * Takes a place, which `leave` gives back.
   *
   * @param lane the party's own; empty at first
   * @returns null: it is there
   */
  enter(lane: Lane): Promise<void> | null {
    if (this.free > 0) {
      this.free--;
      return null;
    }
    return new Promise((resolve) => {
      if (lane.length === 0) this.lanes.push(lane);
      lane.push(resolve);
    });
  }

  leave(): void {
    const lane = this.lanes.shift();
    if (lane === undefined) {
      this.free++;
      return;
    }
    const begin = lane.shift()!;
    if (lane.length > 0) this.lanes.push(lane);
    begin();
  }

  async take<T>(lane: Lane, work: () => Promise<T>): Promise<T> {
    const turn = this.enter(lane);
    if (turn !== null) await turn;
    try {
      return await work();
    } finally {
      this.leave();
    }
  }
}
