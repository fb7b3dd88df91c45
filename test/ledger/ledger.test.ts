/**
 * Every request carries an id, every response must carry it back, while both ends misbehave.
 * `LEDGER_SECONDS` makes the runs longer, `LEDGER_SEED` repeats one.
 */
import t, { type Test } from "tap";
import { nothingHeld } from "../support/holdings.ts";
import { chooseSeed } from "../support/random.ts";
import { reconcile } from "./reconcile.ts";
import { type LedgerOptions, runLedger } from "./run-ledger.ts";

t.setTimeout(10 * 60_000);

const seconds = Number(process.env["LEDGER_SECONDS"] ?? 20) / 2;

t.test("endpoints that echo X-Request-Id: no wrong answer, none lost or doubled, none cut", async (t) => {
  await keepsLedger(t, { echo: true });
});

t.test("endpoints that do not: the same, but for a response too many that comes late", async (t) => {
  // Nothing tells such a response from the answer to the next request on its connection.
  await keepsLedger(t, { echo: false, without: ["extra-later"] });
});

t.test("with retries: the same, and only what may be repeated is, within its bound", async (t) => {
  await keepsLedger(t, { echo: true, retries: true });
});

async function keepsLedger(
  t: Test,
  options: Pick<LedgerOptions, "echo" | "without" | "retries">,
): Promise<void> {
  const seed = chooseSeed("LEDGER_SEED");
  const ledger = await runLedger({ ...options, seed, seconds });
  const { problems, counts } = reconcile(ledger);
  t.comment(`LEDGER_SEED=${seed}`, counts);
  t.same(problems.slice(0, 20), [], `seed ${seed}`);
  t.ok(counts.right > 0 && counts.refused > 0 && counts.broken > 0 && counts.aborted > 0, "faults were met");
  t.same(ledger.left, nothingHeld, "nothing is held at the end");
}
