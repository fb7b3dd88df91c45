/**
 * Timers for connections: thousands of them, armed and disarmed on every request and
 * nearly never due. One list per duration keeps them in order of their deadline, so
 * arming and disarming move a few pointers, and one coarse tick looks at the head of each
 * list. They fire up to three ticks late, never early.
 */

/** How often due timers are looked for, in ms. */
const tick = 50;
/** A longer time between two ticks tells that the event loop stood still, in ms. */
const longestTick = 1.5 * tick;

export class Timer {
  readonly onDue: () => void;
  deadline = 0;
  previous: Timer | null = null;
  next: Timer | null = null;
  list: TimerList | null = null;

  constructor(onDue: () => void) {
    this.onDue = onDue;
  }
}

class TimerList {
  first: Timer | null = null;
  last: Timer | null = null;

  append(timer: Timer): void {
    timer.list = this;
    timer.previous = this.last;
    timer.next = null;
    if (this.last === null) this.first = timer;
    else this.last.next = timer;
    this.last = timer;
  }

  remove(timer: Timer): void {
    if (timer.previous === null) this.first = timer.next;
    else timer.previous.next = timer.next;
    if (timer.next === null) this.last = timer.previous;
    else timer.next.previous = timer.previous;
    timer.previous = null;
    timer.next = null;
    timer.list = null;
  }
}

export class Timers {
  private readonly lists = new Map<number, TimerList>();
  private readonly clock: () => number;
  private armed = 0;
  private interval: NodeJS.Timeout | null = null;
  private now: number;
  /** Whether what is due waits for the sockets to be read. */
  private waits = false;

  /** @param clock in ms, monotonic */
  constructor(clock: () => number = () => performance.now()) {
    this.clock = clock;
    this.now = clock();
  }

  /** Timers armed now. */
  get size(): number {
    return this.armed;
  }

  /** Makes the timer due in `ms`; one that is armed starts anew. */
  arm(timer: Timer, ms: number): void {
    if (timer.list !== null) this.disarm(timer);
    if (this.interval === null) this.startTicking();
    timer.deadline = this.now + ms + tick;
    this.listFor(ms).append(timer);
    this.armed++;
  }

  disarm(timer: Timer): void {
    if (timer.list === null) return;
    timer.list.remove(timer);
    this.armed--;
  }

  /**
   * Fires what is due. After the event loop stood still nothing fires until the sockets were
   * read once: what they waited for may have come meanwhile.
   */
  expire(): void {
    const previous = this.now;
    this.now = this.clock();
    if (this.waits) return;
    if (this.now - previous > longestTick) this.wait();
    else this.fire();
  }

  /** Behind a timer of its own the loop has looked at its sockets, and behind that at what became ready with them. */
  private wait(): void {
    this.waits = true;
    const end = () => {
      this.waits = false;
      this.fire();
    };
    setTimeout(() => setImmediate(end), 0).unref();
  }

  private fire(): void {
    for (const [duration, list] of this.lists) {
      this.expireList(list);
      if (list.first === null) this.lists.delete(duration);
    }
    if (this.armed === 0) this.stopTicking();
  }

  private expireList(list: TimerList): void {
    for (let timer = list.first; timer !== null && timer.deadline <= this.now; timer = list.first) {
      this.disarm(timer);
      timer.onDue();
    }
  }

  private listFor(duration: number): TimerList {
    let list = this.lists.get(duration);
    if (list === undefined) {
      list = new TimerList();
      this.lists.set(duration, list);
    }
    return list;
  }

  private startTicking(): void {
    this.now = this.clock();
    this.interval = setInterval(() => this.expire(), tick);
    this.interval.unref();
  }

  private stopTicking(): void {
    if (this.interval !== null) clearInterval(this.interval);
    this.interval = null;
  }
}
