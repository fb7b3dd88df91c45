import type { DiscoveredEndpoint } from "../config/traffic-model.ts";
import { backoff } from "./backoff.ts";
import { ProblemBook } from "./problem-book.ts";
import type { DiscoveryListener, DiscoverySource, SourceSetting } from "./source.ts";
import { SourceProblem } from "./source-problem.ts";

/**
 * Tells what there is now. A round may do so many times; once the source is closed it reaches nobody.
 *
 * @param problems what is wrong all the same: without any, everything works again
 */
export type Tell = (list: readonly DiscoveredEndpoint[], problems?: readonly SourceProblem[]) => void;

/** What the rounds of a source share. */
export interface Rounds {
  /**
   * Asks once.
   *
   * @param signal aborted when the source is closed
   * @returns ms until the next round
   * @throws SourceProblem when there is no answer
   */
  ask(tell: Tell, signal: AbortSignal): Promise<number>;
  /** After the last round was told to end. */
  close(): void;
}

/**
 * A source that asks round after round: after one that failed it waits longer each time, and the endpoints told
 * before stay.
 *
 * @param name how lines for the operator begin
 * @param begin makes the rounds when the source is started; `wake` brings the next one forward
 */
export function repeating(
  name: string,
  setting: SourceSetting,
  begin: (wake: () => void) => Rounds,
): DiscoverySource {
  let running: Running | null = null;
  return {
    start(listener) {
      if (running !== null) throw new Error(`Cannot start ${name}: it was started before`);
      running = new Running(name, setting, listener, begin);
    },
    close() {
      running?.close();
    },
  };
}

class Running {
  readonly #setting: SourceSetting;
  readonly #listener: DiscoveryListener;
  readonly #book: ProblemBook;
  readonly #closing = new AbortController();
  readonly #rounds: Rounds;
  #failures = 0;
  #isAsking = false;
  /** Something changed while a round was under way. */
  #isStale = false;
  #cancelWait = () => {};

  constructor(
    name: string,
    setting: SourceSetting,
    listener: DiscoveryListener,
    begin: (wake: () => void) => Rounds,
  ) {
    this.#setting = setting;
    this.#listener = listener;
    this.#book = new ProblemBook(name, listener);
    this.#rounds = begin(() => this.#wake());
    void this.#round();
  }

  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#cancelWait();
    this.#rounds.close();
  }

  #wake(): void {
    if (this.#closing.signal.aborted) return;
    if (this.#isAsking) {
      this.#isStale = true;
      return;
    }
    this.#cancelWait();
    void this.#round();
  }

  async #round(): Promise<void> {
    let wait = 0;
    this.#isAsking = true;
    while (wait === 0 && !this.#closing.signal.aborted) {
      this.#isStale = false;
      wait = await this.#ask();
      if (this.#isStale) wait = 0;
    }
    this.#isAsking = false;
    if (this.#closing.signal.aborted) return;
    this.#cancelWait = this.#setting.after(wait, () => void this.#round());
  }

  async #ask(): Promise<number> {
    try {
      return await this.#rounds.ask((list, problems) => this.#tell(list, problems), this.#closing.signal);
    } catch (error) {
      if (this.#closing.signal.aborted) return 0;
      this.#book.add(error instanceof SourceProblem ? error : defect(error));
      return backoff(++this.#failures, this.#setting.random);
    }
  }

  #tell(list: readonly DiscoveredEndpoint[], problems: readonly SourceProblem[] = []): void {
    if (this.#closing.signal.aborted) return;
    this.#failures = 0;
    this.#listener.onEndpoints(list);
    for (const problem of problems) this.#book.add(problem);
    if (problems.length === 0) this.#book.close();
  }
}

/** The proxy goes on with the endpoints that it has; where it went wrong is for whoever corrects it. */
function defect(error: unknown): SourceProblem {
  const [what, where] = String((error as Error)?.stack ?? error).split("\n");
  return new SourceProblem("defect", `internal error: ${what} ${where?.trim() ?? ""}`);
}
