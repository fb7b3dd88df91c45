import type { Outcome } from "./outcome.ts";
import type { Tally } from "./tally.ts";

/** One line for what passed; for what failed, everything it said as well. */
export function printOutcome(outcome: Outcome): void {
  const { name, runtime, passed, failed, skipped, milliseconds } = outcome;
  if (failed > 0) console.log(outcome.output.trimEnd());
  const verdict = failed > 0 ? "FAIL" : "ok";
  const count = failed > 0 ? `${passed} passed, ${failed} failed` : `${passed} passed`;
  const seconds = `${(milliseconds / 1000).toFixed(1)} s`;
  console.log(
    verdict.padEnd(5) + (runtime ?? "").padEnd(8) + name.padEnd(36) + count.padEnd(24) + seconds.padStart(8),
  );
  for (const reason of skipped) console.log(`     skipped: ${reason}`);
}

/** The line that ends a run: `N passed, N failed`, and how many were skipped if any were. */
export function summary({ passed, failed, skipped }: Tally): string {
  const counts = `${passed} passed, ${failed} failed`;
  return skipped.length > 0 ? `${counts}, ${skipped.length} skipped` : counts;
}
