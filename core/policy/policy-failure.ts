import type { PhaseName } from "../../sdk/runtime/message.ts";
import type { SourcePosition } from "../observe/stack-trace.ts";

/** What a policy failed with, for its author: the cause of the exchange's error. */
export interface PolicyFailure {
  readonly policy: string;
  /** Null: the guest was lost, with all phases in it. */
  readonly phase: PhaseName | null;
  readonly message: string;
  /** With the message, in the author's files; empty when there is none. */
  readonly stack: string;
  readonly position: SourcePosition | null;
}
