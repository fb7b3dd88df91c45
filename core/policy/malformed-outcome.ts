/** A guest answered something that is no outcome: its runtime was tampered with. */
export class MalformedOutcome extends Error {
  override readonly name = "MalformedOutcome";
}
