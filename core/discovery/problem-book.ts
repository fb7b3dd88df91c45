import type { DiscoveryListener } from "./source.ts";
import type { ProblemKind, SourceProblem } from "./source-problem.ts";

/** Longer messages are cut: parts of them come from outside. */
const longestMessage = 300;

/**
 * Tells each kind of problem once until all is well again: a source that fails tries for hours.
 *
 * @param name how lines begin
 */
export class ProblemBook {
  readonly #name: string;
  readonly #listener: DiscoveryListener;
  readonly #told = new Set<ProblemKind>();

  constructor(name: string, listener: DiscoveryListener) {
    this.#name = name;
    this.#listener = listener;
  }

  add({ kind, message }: Pick<SourceProblem, "kind" | "message">): void {
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    this.#listener.onProblem(`${this.#name}: ${oneLine(message)}`);
  }

  /** Tells that everything works again, if anything did not. */
  close(): void {
    if (this.#told.size === 0) return;
    this.#told.clear();
    const message = `${this.#name} works again`;
    if (this.#listener.onRecovery === undefined) this.#listener.onProblem(message);
    else this.#listener.onRecovery(message);
  }
}

/** What comes from outside must not forge a second line of the log, nor steer a terminal. */
function oneLine(message: string): string {
  const line = message.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ");
  return line.length > longestMessage ? `${line.slice(0, longestMessage)}…` : line;
}
