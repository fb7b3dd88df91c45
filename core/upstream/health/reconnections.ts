/**
 * Endpoints that are left out because nobody accepted connections there: whether somebody does again. A service that is
 * restarted is gone for a second, and need not stay away for as long as one that answers badly.
 */
import type { Limits } from "../../config/model.ts";
import type { ConnectTarget } from "../../net/connector.ts";
import type { EndpointTable } from "./endpoint-table.ts";
import { type CheckReactor, HealthCheck } from "./health-check.ts";

/** Before the first try, in ms; twice as long with each further one. */
const firstPause = 250;
const longestPause = 5000;
/** For one try, in ms. */
const patience = 2000;
/** An endpoint that is gone again so soon, in ms, is tried later than the time before. */
const settled = 10_000;

export interface Reconnectable {
  readonly name: string;
  readonly target: ConnectTarget;
  readonly slot: number;
  readonly config: { readonly authority: string };
}

export interface ReconnectionsOptions {
  readonly table: EndpointTable;
  readonly reactor: CheckReactor;
  readonly limits: Limits;
  /** Somebody accepts connections. */
  readonly onReachable: (slot: number) => void;
}

/** Of one endpoint. */
interface Trial {
  /** Before the next try. */
  pause: number;
  /** Before the first try. */
  readonly first: number;
  timer: NodeJS.Timeout | null;
  check: HealthCheck | null;
}

/**
 * Tries to connect to them, one connection at a time for each, with pauses that grow. One reactor does it for all, and
 * only where no active checks do.
 */
export class Reconnections {
  private readonly options: ReconnectionsOptions;
  private readonly trials = new Map<Reconnectable, Trial>();
  /** Those that came back lately: when, and the pause that they began with. */
  private readonly lately = new Map<Reconnectable, { readonly at: number; readonly first: number }>();

  constructor(options: ReconnectionsOptions) {
    this.options = options;
  }

  /** Begins with those of the endpoints that are left out by now, and forgets those that are gone. */
  look(endpoints: readonly Reconnectable[]): void {
    const { table } = this.options;
    for (const endpoint of endpoints) {
      if (table.isUnreachable(endpoint.slot) && !this.trials.has(endpoint)) this.begin(endpoint);
    }
    if (this.trials.size > 0) {
      for (const endpoint of this.trials.keys()) if (!endpoints.includes(endpoint)) this.end(endpoint);
    }
    if (this.lately.size > 0) {
      const now = performance.now();
      for (const [endpoint, { at }] of this.lately) if (now - at > settled) this.lately.delete(endpoint);
    }
  }

  close(): void {
    for (const endpoint of this.trials.keys()) this.end(endpoint);
  }

  private begin(endpoint: Reconnectable): void {
    const before = this.lately.get(endpoint);
    const first = before === undefined ? firstPause : longer(before.first);
    const trial: Trial = { pause: first, first, timer: null, check: null };
    this.trials.set(endpoint, trial);
    this.wait(endpoint, trial);
  }

  private wait(endpoint: Reconnectable, trial: Trial): void {
    trial.timer = setTimeout(() => this.connect(endpoint, trial), trial.pause).unref();
    trial.pause = longer(trial.pause);
  }

  private connect(endpoint: Reconnectable, trial: Trial): void {
    const { table, reactor, limits } = this.options;
    if (!table.isUnreachable(endpoint.slot)) {
      this.trials.delete(endpoint);
      return;
    }
    const { name, target, config } = endpoint;
    const checked = { name, target, limits, authority: config.authority };
    trial.check = new HealthCheck(checked, toConnect, reactor, ({ ok }) => {
      trial.check = null;
      if (ok) this.onConnected(endpoint, trial);
      else this.wait(endpoint, trial);
    });
  }

  private onConnected(endpoint: Reconnectable, { first }: Trial): void {
    this.trials.delete(endpoint);
    this.lately.set(endpoint, { at: performance.now(), first });
    this.options.onReachable(endpoint.slot);
  }

  private end(endpoint: Reconnectable): void {
    const { timer, check } = this.trials.get(endpoint)!;
    if (timer !== null) clearTimeout(timer);
    check?.cancel();
    this.trials.delete(endpoint);
  }
}

function longer(pause: number): number {
  return Math.min(longestPause, 2 * pause);
}

const toConnect = {
  http: null,
  timeout: patience,
  interval: 0,
  unhealthyInterval: 0,
  jitter: 0,
  healthyAfter: 1,
  unhealthyAfter: 1,
} as const;
