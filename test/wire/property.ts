/** Checks a fast-check property as one assertion, whose message is the counterexample. */
import fc from "fast-check";
import type { Test } from "tap";

/** The same examples in every run; 9112 is the RFC. */
const seed = 9112;

export async function holds<T>(
  t: Test,
  property: fc.IProperty<T> | fc.IAsyncProperty<T>,
  numRuns: number,
): Promise<void> {
  const details = await fc.check(property as fc.IAsyncProperty<T>, { seed, numRuns });
  t.notOk(details.failed, fc.defaultReportMessage(details) ?? `holds for ${numRuns} examples`);
}
