/** For the one rejection, or the one stack, that says where the guest was. */
const lastWordsMs = 5;

/** Time in ms, of which only differences mean something. */
export type Clock = () => number;

/**
 * Bounds the CPU time of one message inside a guest. It is asked now and then while guest code runs
 * (every few hundred calls and jumps, polls.ts), and reads no clock before that: an entry that is
 * over sooner costs nothing.
 */
export class Deadline {
  private readonly wallClock: Clock;
  private readonly cpuClock: Clock;
  private readonly progress: () => number;
  private budgetMs = 0;
  private isFresh = true;
  private seenProgress = 0;
  private wallStart = 0;
  private cpuStart = 0;
  private isOver = false;
  private lastWordsEnd = 0;

  /**
   * @param progress grows with every message; the budget is that of one
   * @param cpuClock CPU time of this thread: a thread that waits for a processor uses up nothing
   */
  constructor(progress: () => number, wallClock: Clock = wallTime, cpuClock: Clock = threadCpuTime) {
    this.progress = progress;
    this.wallClock = wallClock;
    this.cpuClock = cpuClock;
  }

  /** Whether the budget was used up. It stays so: the guest is not to go on. */
  get hasPassed(): boolean {
    return this.isOver;
  }

  /** What was started with last, in ms. */
  get budget(): number {
    return this.budgetMs;
  }

  /**
   * The guest is entered.
   *
   * @param budget in ms
   */
  start(budget: number): void {
    this.budgetMs = budget;
    this.isFresh = true;
    this.lastWordsEnd = 0;
  }

  /** Whether the guest must stop now. What is left of it after that has some ms, to tell where it was. */
  check(): boolean {
    if (this.isOver) return this.wallClock() > this.lastWordsEnd;
    const progress = this.progress();
    if (this.isFresh || progress !== this.seenProgress) {
      this.isFresh = false;
      this.seenProgress = progress;
      this.wallStart = this.wallClock();
      this.cpuStart = this.cpuClock();
      return false;
    }
    // The clock of the thread costs up to 10 µs, and is never ahead of the one on the wall.
    if (this.wallClock() - this.wallStart <= this.budgetMs) return false;
    this.isOver = this.cpuClock() - this.cpuStart > this.budgetMs;
    this.lastWordsEnd = this.wallClock() + lastWordsMs;
    return this.isOver;
  }
}

function wallTime(): number {
  return performance.now();
}

function threadCpuTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
