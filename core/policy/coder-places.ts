/** How many coders may be at work in this thread: each takes 0.2 to 1.5 MiB while it is. */

/** With the costliest of them 400 MiB. */
const most = 256;

export class CoderPlaces {
  private readonly most: number;
  private count = 0;

  constructor(limit: number) {
    this.most = limit;
  }

  get taken(): number {
    return this.count;
  }

  /** Null: there is none. */
  take(): CoderPlace | null {
    if (this.count >= this.most) return null;
    this.count++;
    let isTaken = true;
    return {
      giveBack: () => {
        if (isTaken) this.count--;
        isTaken = false;
      },
    };
  }
}

export interface CoderPlace {
  /** More than once is once. */
  giveBack(): void;
}

export const coderPlaces: CoderPlaces = new CoderPlaces(most);
