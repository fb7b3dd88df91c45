/** Lays the accounts of both ends side by side. */
import type { ClientEntry, Delivery, Outcome } from "./entries.ts";
import type { Ledger } from "./run-ledger.ts";

export interface Reconciliation {
  /** One line for each thing that must not be. */
  readonly problems: readonly string[];
  readonly counts: Readonly<Record<Outcome, number>>;
}

/** How often a request may have reached an endpoint, by what its client saw. */
const mayReach: Readonly<Record<Outcome, (times: number) => boolean>> = {
  right: (times) => times >= 1,
  refused: () => true,
  broken: () => true,
  unanswered: (times) => times === 0,
  aborted: () => true,
  wrong: () => true,
};

export function reconcile({ entries, deliveries }: Ledger): Reconciliation {
  const arrivals = Map.groupBy(deliveries, ({ id }) => id);
  const counts = { right: 0, refused: 0, broken: 0, unanswered: 0, aborted: 0, wrong: 0 };
  const problems = deliveries.filter(({ violation }) => violation !== "").map(describeDelivery);
  const seen = new Set<string>();
  for (const entry of entries) {
    const { id, outcome } = entry;
    const arrived = arrivals.get(id) ?? [];
    counts[outcome]++;
    if (seen.has(id)) problems.push(`${id} ended twice`);
    seen.add(id);
    if (outcome === "wrong") problems.push(describeEntry(entry, arrived));
    if (!mayReach[outcome](arrived.length)) {
      problems.push(`${id} was ${outcome} and reached an endpoint ${arrived.length} times`);
    }
  }
  for (const id of arrivals.keys()) {
    if (!seen.has(id)) problems.push(`${id} reached an endpoint and never ended`);
  }
  return { problems, counts };
}

function describeDelivery({ id, method, fault, violation }: Delivery): string {
  return `${method} ${id} at an endpoint (${fault}): ${violation}`;
}

function describeEntry({ id, detail }: ClientEntry, arrived: readonly Delivery[]): string {
  const faults = arrived.map(({ method, fault }) => `${method} ${fault}`).join(", ");
  return `${id}: ${detail} (${faults || "never reached an endpoint"})`;
}
