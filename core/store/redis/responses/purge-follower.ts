/** What a machine knows of the purges of all of them, and what it tells them of its own. */
import type { Send } from "../connection.ts";
import { everything, mostMarks, type PurgeMark, PurgeMarks, parseMark } from "./purge-marks.ts";
import { pageLength, pageScript, parseState, purgeScript } from "./purge-script.ts";
import { Serials } from "./serials.ts";

export interface FollowerOptions {
  /** Keys in Redis. */
  readonly state: string;
  readonly log: string;
  /** Rejects when the answer does not come. */
  readonly send: Send;
  /**
   * Somebody else has purged. Null: everything.
   *
   * @param at ms since the epoch, by the clock of the server
   */
  readonly onPurge: (mark: PurgeMark | null, at: number) => void;
}

/** Purges that wait to be told; where there are more, everything is. */
const mostUntold = 1000;
/** The clock of a server may differ from this machine's by so many ms, for purges of before the first answer. */
const skew = 60_000;

export class PurgeFollower {
  readonly marks = new PurgeMarks();
  /** Of the last purge at a moment. */
  readonly serials = new Serials();
  private readonly options: FollowerOptions;
  /** All purges up to this serial are known; null: none is. */
  private seen: number | null = null;
  private reading: Promise<void> | null = null;
  private untold = new Set<string>();
  /** Serials of purges that were done here before they were told. */
  private readonly own = new Set<number>();
  private readonly joined = (Date.now() - skew) * 1000;

  constructor(options: FollowerOptions) {
    this.options = options;
  }

  /** Whether a response may say that it came after this purge: nobody knows of a later one than all. */
  isPossible(serial: number): boolean {
    return serial >= 0 && serial <= (this.seen ?? -1);
  }

  /** Whether there are purges that the server has yet to be told. */
  get isBehind(): boolean {
    return this.untold.size > 0;
  }

  /** @throws what sending does */
  async tellUntold(send: Send): Promise<void> {
    while (this.untold.size > 0) {
      const told = [...this.untold];
      await this.run(told, send);
      for (const text of told) this.untold.delete(text);
    }
  }

  /**
   * Tells a purge that was done here.
   *
   * @param text of a mark
   * @throws what sending does; then it waits to be told
   */
  async tell(text: string): Promise<void> {
    try {
      await this.run([text], this.options.send);
    } catch (error) {
      this.remember(text);
      throw error;
    }
  }

  /** It is told when there is somebody to tell it. */
  remember(text: string): void {
    if (this.untold.size >= mostUntold) this.untold = new Set([everything]);
    else if (!this.untold.has(everything)) this.untold.add(text);
  }

  /**
   * Resolves when every purge is known that the server knew of when it told its state.
   *
   * @param text as the server has it; empty: it has none
   * @throws what sending does
   */
  async follow(text: string): Promise<void> {
    let state = parseState(text);
    if (state !== null && state.serial === this.seen) return this.learn();
    // It has forgotten purges, or never knew of one.
    if (state === null || state.serial < (this.seen ?? 0)) state = await this.mend();
    for (let reads = 0; state.serial > (this.seen ?? -1); ) {
      if (this.reading === null) {
        if (reads > 0) state = await this.mend();
        if (reads++ > 2) throw new Error("its list of purges does not hold what it should");
        this.reading ??= this.read(state.floor).finally(() => {
          this.reading = null;
        });
      }
      await this.reading;
    }
    this.learn();
  }

  private learn(): void {
    this.serials.learn(this.seen!, performance.now());
  }

  private async mend() {
    const state = parseState(await this.run([], this.options.send));
    if (state === null) throw new Error("it answered something else than was asked");
    return state;
  }

  private async run(texts: readonly string[], send: Send): Promise<string> {
    const { state, log } = this.options;
    const known = String(this.seen ?? 0);
    const command = ["EVAL", purgeScript, "2", state, log, known, String(mostMarks), ...texts];
    const [text, ...serials] = textsIn(await send(command));
    for (const serial of serials) this.own.add(Number(serial));
    return text ?? "";
  }

  /** @param floor everything from before is purged */
  private async read(floor: number): Promise<void> {
    const isFirst = this.seen === null;
    if (floor > (this.seen ?? -1)) {
      this.seen = floor;
      this.marks.addEverything(floor);
      if (!isFirst || floor > this.joined) this.tellOf(null, floor);
    }
    for (let isMore = true; isMore; ) {
      const page = textsIn(
        await this.options.send(["EVAL", pageScript, "1", this.options.log, String(this.seen)]),
      );
      isMore = page.length >= 2 * pageLength;
      for (let at = 0; at + 1 < page.length; at += 2) this.take(page[at]!, Number(page[at + 1]));
    }
    for (const serial of this.own) if (serial <= this.seen!) this.own.delete(serial);
  }

  private take(text: string, serial: number): void {
    if (!(serial > this.seen!) || !Number.isSafeInteger(serial)) return;
    this.seen = serial;
    const mark = parseMark(text);
    if (mark === null) this.marks.addEverything(serial);
    else this.marks.add(mark, serial);
    this.tellOf(mark, serial);
  }

  private tellOf(mark: PurgeMark | null, serial: number): void {
    if (this.own.delete(serial) || serial <= this.joined) return;
    this.options.onPurge(mark, Math.floor(serial / 1000));
  }
}

/** @throws Error for what no script answers */
function textsIn(answer: unknown): string[] {
  if (!Array.isArray(answer)) throw new Error("it answered something else than was asked");
  return answer.map(String);
}
