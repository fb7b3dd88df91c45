/** Kinds of problems: each is told once until the source works again. */
export type ProblemKind =
  /** Nobody answers. */
  | "unreachable"
  /** The answer did not come in time. */
  | "timeout"
  /** The token, or its rights, are not enough. */
  | "refused"
  /** Another status than a good one, or a failure of a name server. */
  | "failed"
  /** The answer is none of the protocol. */
  | "malformed"
  /** The answer, or the list of endpoints in it, is longer than its bound. */
  | "too-large"
  /** There is nothing, and that does not mean that everything is gone. */
  | "empty"
  /** Some endpoints cannot be used. */
  | "unusable"
  /** A file that is needed to ask cannot be read. */
  | "unreadable"
  /** Changes are not seen at once. */
  | "unwatched"
  /** A mistake of the proxy, or of its listener. */
  | "defect";

/** Why a source has no answer; the endpoints that it found before stay. */
export class SourceProblem extends Error {
  override readonly name = "SourceProblem";
  readonly kind: ProblemKind;

  /** @param message how the line for the operator ends */
  constructor(kind: ProblemKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
