/** A guest answered something that is no outcome: its runtime was tampered with. */
export class MalformedOutcome extends Error {
  override readonly name = "MalformedOutcome";
}

/**
 * Of whatever reading an outcome threw: what the host did not foresee is the guest's fault as well, and goes no further
 * than its request.
 *
 * @returns with the error as its `cause` when it is one of the host
 */
export function toMalformed(error: unknown): MalformedOutcome {
  if (error instanceof MalformedOutcome) return error;
  return new MalformedOutcome("Cannot use the guest's answer: the host failed to read it", { cause: error });
}
