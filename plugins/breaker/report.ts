import type { Context } from "sluice/sdk";
import type { Change } from "./circuit.ts";

type Reporter = Pick<Context, "log" | "metrics">;

const counterNames = { open: "opened", "half-open": "half_opened", closed: "closed" } as const;

/** As the gauge tells them. */
const states = { closed: 0, "half-open": 1, open: 2 } as const;

/** Tells the operator that a circuit has become another one. */
export function report({ log, metrics }: Reporter, circuit: string, change: Change): void {
  const isAgain = change.to === "open" && change.again;
  count({ metrics }, isAgain ? "reopened" : counterNames[change.to], circuit);
  say({ metrics }, circuit, states[change.to]);
  if (change.to === "open") {
    const seconds = Math.round(change.time / 100) / 10;
    log.warn(`circuit ${circuit} is open for ${seconds} s: ${change.because}`, {
      circuit,
      state: "open",
      because: change.because,
      seconds,
    });
  } else {
    log.info(`circuit ${circuit} is ${change.to}`, { circuit, state: change.to });
  }
}

/** Counts under the circuit's name, as long as there are not too many of them. */
export function count({ metrics }: Pick<Reporter, "metrics">, what: string, circuit: string): void {
  try {
    metrics.counter(`${what}_${nameFor(circuit)}`);
  } catch {
    // A plugin has a limited number of names; requests are not to fail for it.
  }
}

/** All reactors share a circuit, so what was said last holds. */
function say({ metrics }: Pick<Reporter, "metrics">, circuit: string, state: number): void {
  try {
    metrics.gauge(`state_${nameFor(circuit)}`, state, "last");
  } catch {
    // As above.
  }
}

/** A circuit's name as part of that of a metric. */
function nameFor(circuit: string): string {
  return circuit.replaceAll(/[^A-Za-z0-9_]/g, "_").slice(0, 48);
}
