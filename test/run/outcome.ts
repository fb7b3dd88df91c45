import type { Tally } from "./tally.ts";

/** `node` is the one that runs the tests; `node-24` the oldest that is supported. */
export type Runtime = "node" | "node-24" | "deno";

/** How a check or a suite went. */
export interface Outcome extends Readonly<Tally> {
  readonly name: string;
  /** Null for a check of the whole project. */
  readonly runtime: Runtime | null;
  readonly milliseconds: number;
  /** Everything it printed, and how it ended when it ended badly. */
  readonly output: string;
}
