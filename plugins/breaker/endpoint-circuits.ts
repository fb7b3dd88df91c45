import type { Counters } from "sluice/sdk";
import type { Circuit, Decision } from "./circuit.ts";

/** What a request is to do about the endpoints of a cluster. */
export interface Plan {
  /** Names of endpoints that are not to be asked. */
  readonly avoid: readonly string[];
  /** The endpoint that this request tries; null: none. */
  readonly trial: Trial | null;
  /** Ms until the first of those that are avoided may be tried. */
  readonly wait: number;
}

export interface Trial {
  readonly endpoint: string;
  readonly circuit: Circuit;
  readonly pass: number;
  /** Whether it is the first one since the circuit opened. */
  readonly isFirst: boolean;
}

/** Endpoints come and go: what is known of so many is forgotten together. A proxy takes no more names for one attempt. */
const mostEndpoints = 1000;
const mostAvoided = 256;

/** How long an endpoint is not tried that the balancer does not ask, in ms: it is unhealthy, or gone. */
const unreachableFor = 1000;

const nothing: Plan = { avoid: [], trial: null, wait: 0 };

/**
 * The circuits of a cluster's endpoints, as far as this reactor has heard of them. Which of them are not closed is
 * looked up again whenever one of the plugin's circuits has changed, so a request at a cluster that is well costs one
 * look at a number.
 */
export class EndpointCircuits {
  private readonly counters: Counters;
  private readonly create: (endpoint: string) => Circuit;
  private readonly known = new Map<string, Circuit>();
  private notClosed: readonly (readonly [string, Circuit])[] = [];
  /** Until when an endpoint is not tried. */
  private readonly unreachable = new Map<string, number>();
  /** Of `counters`, when `notClosed` was made. */
  private changes = 0;

  constructor(counters: Counters, create: (endpoint: string) => Circuit) {
    this.counters = counters;
    this.create = create;
  }

  of(endpoint: string): Circuit {
    let circuit = this.known.get(endpoint);
    if (circuit === undefined) {
      if (this.known.size >= mostEndpoints) this.known.clear();
      circuit = this.create(endpoint);
      this.known.set(endpoint, circuit);
      // Other reactors may have opened it.
      this.changes = -1;
    }
    return circuit;
  }

  /** @param tries whether the request may be used to try an endpoint */
  plan(tries: boolean): Plan {
    if (changesIn(this.counters) !== this.changes) this.lookUp();
    return this.notClosed.length === 0 ? nothing : this.planAround(tries);
  }

  private planAround(tries: boolean): Plan {
    const now = this.counters.now();
    const avoid: string[] = [];
    let trial: Trial | null = null as Trial | null;
    let wait = Number.POSITIVE_INFINITY;
    for (const [endpoint, circuit] of this.notClosed) {
      const mayTry: boolean = tries && trial === null && (this.unreachable.get(endpoint) ?? 0) <= now;
      const decision: Decision = mayTry ? circuit.ask() : circuit.look();
      if (decision.allowed && decision.pass > 0) {
        const { pass, change } = decision;
        trial = { endpoint, circuit, pass, isFirst: change !== null };
      } else if (!decision.allowed && avoid.length < mostAvoided) {
        avoid.push(endpoint);
        wait = Math.min(wait, decision.wait);
      }
    }
    return { avoid, trial, wait: avoid.length === 0 ? 0 : wait };
  }

  /** The balancer did not ask it, though this was the endpoint's trial. */
  onUnreachable(endpoint: string, now: number): void {
    this.unreachable.set(endpoint, now + unreachableFor);
  }

  private lookUp(): void {
    this.changes = changesIn(this.counters);
    this.notClosed = [...this.known].filter(([, circuit]) => !circuit.isClosed);
    this.unreachable.clear();
  }
}

const changesKey = "endpoint changes";

function changesIn(counters: Counters): number {
  return counters.get(changesKey) ?? 0;
}

/** A circuit of an endpoint has opened or closed: all reactors look again. */
export function tellChange(counters: Counters): void {
  counters.add(changesKey);
}
