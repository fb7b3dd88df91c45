import { constants } from "node:os";

type TerminationSignal = "SIGTERM" | "SIGINT";

const signals: readonly TerminationSignal[] = ["SIGTERM", "SIGINT"];

export interface Termination {
  /** Resolves with the first signal. */
  readonly requested: Promise<TerminationSignal>;
  /** Leaves the signals to their default action again. */
  release(): void;
}

/**
 * The first SIGTERM or SIGINT asks for an orderly end. The second ends the process at once, with
 * the code that a shell gives a process which died of that signal (128 + its number).
 *
 * @param atOnce called before that
 */
export function awaitTermination(atOnce: () => void): Termination {
  const { promise, resolve } = Promise.withResolvers<TerminationSignal>();
  let asked = false;
  const onSignal = (signal: TerminationSignal) => {
    if (asked) {
      atOnce();
      process.exit(128 + constants.signals[signal]);
    }
    asked = true;
    resolve(signal);
  };
  for (const signal of signals) {
    process.on(signal, onSignal);
  }
  return {
    requested: promise,
    release: () => signals.forEach((signal) => void process.off(signal, onSignal)),
  };
}
