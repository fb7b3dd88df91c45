import type { HealthCheckConfig } from "../../config/traffic-model.ts";
import { Timer } from "../../net/timers.ts";
import type { Logger } from "../../observe/log.ts";
import type { CheckOutcome } from "./check-outcome.ts";
import { CheckStreak } from "./check-streak.ts";
import { noSlot } from "./endpoint-slots.ts";
import type { CheckState, EndpointTable } from "./endpoint-table.ts";
import { type CheckReactor, type CheckTarget, HealthCheck } from "./health-check.ts";

/** Checks that are under way at once, of all clusters. */
const defaultMostAtOnce = 64;

export interface CheckedEndpoint extends CheckTarget {
  readonly cluster: string;
  /** In the table, held by the caller until `remove`. */
  readonly slot: number;
}

export interface CheckerOptions {
  readonly table: EndpointTable;
  readonly reactor: CheckReactor;
  readonly log: Logger;
  /** In [0, 1). */
  readonly random?: () => number;
  readonly mostAtOnce?: number;
  /** Told of each check, for metrics. */
  readonly onCheck?: (endpoint: CheckedEndpoint, outcome: CheckOutcome) => void;
}

/** What checks say of an endpoint. */
export interface CheckReport {
  readonly state: CheckState;
  /** Of the latest check that failed, while the endpoint is unhealthy. */
  readonly reason: string | null;
  /** Made so far. */
  readonly made: number;
  /** Of those that failed. */
  readonly failed: number;
  /** Checks in a row that spoke against the state. */
  readonly contrary: number;
  /** Null before the first one. Times in ms of the table's clock. */
  readonly last: { readonly at: number; readonly took: number; readonly outcome: CheckOutcome } | null;
}

/** The checks of one endpoint. */
export interface EndpointCheck {
  report(): CheckReport;
  /** Ends them; when nobody else checks the endpoint, nothing is known of it any more. */
  remove(): void;
}

/**
 * Asks endpoints whether they are well, again and again, on connections of its own, and writes what it finds into
 * the table. One reactor has it for all; endpoints that wait for a check are asked in turn.
 *
 * @example
 * const checker = new HealthChecker({ table, reactor, log });
 * const check = checker.add(endpoint, config);
 * check.report().state; // "unknown", until the first answer
 */
export class HealthChecker {
  readonly options: CheckerOptions;
  private readonly mostAtOnce: number;
  private readonly checks = new Set<RepeatedCheck>();
  /** Due, in the order in which they became so. */
  private readonly waiting = new Set<RepeatedCheck>();
  private running = 0;

  constructor(options: CheckerOptions) {
    this.options = options;
    this.mostAtOnce = options.mostAtOnce ?? defaultMostAtOnce;
  }

  /** Checks an endpoint from now on, the first time at once. */
  add(endpoint: CheckedEndpoint, config: HealthCheckConfig): EndpointCheck {
    const check = new RepeatedCheck(this, endpoint, config);
    this.checks.add(check);
    this.due(check);
    return check;
  }

  /** The check of each endpoint, by its slot in the table; of two for one endpoint, the later. */
  checksBySlot(): ReadonlyMap<number, EndpointCheck> {
    const bySlot = new Map<number, EndpointCheck>();
    for (const check of this.checks) if (check.slot !== noSlot) bySlot.set(check.slot, check);
    return bySlot;
  }

  /** Ends all checks, those under way too. */
  close(): void {
    this.waiting.clear();
    for (const check of this.checks) check.remove();
  }

  // --- from the checks

  due(check: RepeatedCheck): void {
    this.waiting.add(check);
    this.startWaiting();
  }

  done(): void {
    this.running--;
    this.startWaiting();
  }

  forget(check: RepeatedCheck): void {
    this.checks.delete(check);
    this.waiting.delete(check);
  }

  private startWaiting(): void {
    for (const check of this.waiting) {
      if (this.running >= this.mostAtOnce) return;
      this.waiting.delete(check);
      this.running++;
      check.start();
    }
  }
}

class RepeatedCheck implements EndpointCheck {
  private readonly checker: HealthChecker;
  private readonly endpoint: CheckedEndpoint;
  private readonly config: HealthCheckConfig;
  private readonly streak: CheckStreak;
  private readonly timer: Timer;
  private current: HealthCheck | null = null;
  private startedAt = 0;
  private made = 0;
  private failed = 0;
  private reason: string | null = null;
  private last: CheckReport["last"] = null;
  private isRemoved = false;

  constructor(checker: HealthChecker, endpoint: CheckedEndpoint, config: HealthCheckConfig) {
    const { table } = checker.options;
    this.checker = checker;
    this.endpoint = endpoint;
    this.config = config;
    // After a reload the endpoint may be known from the checks before.
    this.streak = new CheckStreak(config, table.checkState(endpoint.slot));
    this.timer = new Timer(() => checker.due(this));
    table.addCheck(endpoint.slot);
  }

  get slot(): number {
    return this.endpoint.slot;
  }

  start(): void {
    const { reactor, table } = this.checker.options;
    this.startedAt = table.memory.now();
    this.current = new HealthCheck(this.endpoint, this.config, reactor, (outcome) => this.finish(outcome));
  }

  private finish(outcome: CheckOutcome): void {
    const { random = Math.random, reactor, table, onCheck } = this.checker.options;
    this.current = null;
    this.made++;
    if (!outcome.ok) this.failed++;
    this.last = { at: this.startedAt, took: table.memory.now() - this.startedAt, outcome };
    if (!outcome.ok) this.reason = outcome.reason;
    if (this.endpoint.slot !== noSlot) this.streak.adopt(table.checkState(this.endpoint.slot));
    const before = this.streak.state;
    if (this.streak.record(outcome.ok)) this.change(before, outcome);
    reactor.timers.arm(this.timer, this.streak.pause(random()));
    onCheck?.(this.endpoint, outcome);
    this.checker.done();
  }

  private change(before: CheckState, outcome: CheckOutcome): void {
    const { log, table } = this.checker.options;
    const { cluster, name, slot } = this.endpoint;
    table.setCheckState(slot, this.streak.state);
    const fields = { cluster, endpoint: name };
    if (!outcome.ok)
      log.warn({ ...fields, detail: outcome.detail }, `endpoint is unhealthy (${outcome.reason})`);
    else if (before === "unhealthy") log.info(fields, "endpoint is healthy again");
  }

  report(): CheckReport {
    const { streak, made, failed, last } = this;
    const reason = streak.state === "unhealthy" ? this.reason : null;
    return { state: streak.state, reason, made, failed, contrary: streak.contrary, last };
  }

  remove(): void {
    if (this.isRemoved) return;
    this.isRemoved = true;
    const { reactor, table } = this.checker.options;
    reactor.timers.disarm(this.timer);
    this.checker.forget(this);
    table.removeCheck(this.endpoint.slot);
    if (this.current === null) return;
    this.current.cancel();
    this.current = null;
    this.checker.done();
  }
}
