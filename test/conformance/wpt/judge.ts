import type { Test } from "tap";

/** Cases that may fail, by their names, and why they do. */
export interface Excuse {
  readonly reason: string;
  readonly cases: RegExp;
}

/** Runs cases of the web-platform-tests, with excuses for some; each excuse must be needed in the end. */
export class Judge {
  private readonly excuses: readonly Excuse[];
  private readonly needed = new Set<Excuse>();

  constructor(excuses: readonly Excuse[]) {
    this.excuses = excuses;
  }

  /** @param problem what is wrong with a case, or null */
  judge<T>(
    t: Test,
    cases: readonly T[],
    name: (item: T) => string,
    problem: (item: T) => string | null,
  ): void {
    const unexpected: string[] = [];
    let excused = 0;
    for (const item of cases) {
      const fault = problem(item);
      if (fault === null) continue;
      const excuse = this.excuses.find(({ cases }) => cases.test(name(item)));
      if (excuse === undefined) unexpected.push(`${name(item)}: ${fault}`);
      else {
        this.needed.add(excuse);
        excused++;
      }
    }
    t.same(unexpected, []);
    t.comment(`${cases.length} cases, ${excused} excused`);
  }

  /** Reasons that excused nothing. */
  idle(): string[] {
    return this.excuses.filter((excuse) => !this.needed.has(excuse)).map(({ reason }) => reason);
  }
}
