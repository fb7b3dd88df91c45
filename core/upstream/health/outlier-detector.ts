import type { OutlierConfig } from "../../config/traffic-model.ts";
import type { Logger } from "../../observe/log.ts";
import { slotStart, slotWord } from "./endpoint-memory.ts";
import { noSlot } from "./endpoint-slots.ts";
import type { EjectionReason, EndpointTable } from "./endpoint-table.ts";
import { addLatency, type Conduct, IntervalCounts } from "./interval-counts.ts";
import { findOutliers } from "./outliers.ts";
import { ejectionText } from "./reason-text.ts";

/** An endpoint of the cluster, and its slot in the table. */
export interface WatchedEndpoint {
  readonly slot: number;
  /** Address as text, for logs. */
  readonly name: string;
}

export interface OutlierOptions {
  readonly table: EndpointTable;
  readonly config: OutlierConfig;
  /** Name of the cluster, for logs. */
  readonly cluster: string;
  readonly log: Logger;
}

interface Watched extends WatchedEndpoint {
  readonly counts: IntervalCounts;
}

/**
 * Leaves out endpoints of a cluster whose answers to real requests are bad: at once after failures in a row, and
 * after each interval those that are worse than the rest. Every reactor has one for each cluster and tells it of its
 * requests; `evaluate` is called by one of them only.
 *
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier
 *
 * @example
 * const detector = new OutlierDetector({ table, config, cluster: "app", log });
 * detector.setEndpoints([{ slot, name: "10.0.0.7:8080" }]);
 * detector.onResult(slot, false, 12.5);
 */
export class OutlierDetector {
  private readonly options: OutlierOptions;
  private readonly table: EndpointTable;
  private readonly config: OutlierConfig;
  private readonly words: Int32Array;
  private readonly compares: boolean;
  private endpoints = new Map<number, Watched>();
  private slots: readonly number[] = [];
  /** By slot: asked of each request, where the map takes some 10 ns more. */
  private readonly isWatched: Uint8Array;
  private intervalEnd: number;

  constructor(options: OutlierOptions) {
    const { table, config } = options;
    this.options = options;
    this.table = table;
    this.config = config;
    this.words = table.memory.words;
    this.isWatched = new Uint8Array(table.memory.slots);
    this.compares = config.successRateDeviations > 0 || config.latencyFactor > 0;
    this.intervalEnd = table.memory.now() + config.interval;
  }

  /** The endpoints that the cluster has from now on. Their slots are held by the caller until they are no longer in. */
  setEndpoints(endpoints: readonly WatchedEndpoint[]): void {
    const before = this.endpoints;
    this.endpoints = new Map();
    for (const endpoint of endpoints) {
      if (endpoint.slot !== noSlot && !this.endpoints.has(endpoint.slot)) {
        this.endpoints.set(endpoint.slot, before.get(endpoint.slot) ?? this.watch(endpoint));
      }
    }
    this.slots = [...this.endpoints.keys()];
    this.isWatched.fill(0);
    for (const slot of this.slots) this.isWatched[slot] = 1;
    for (const slot of before.keys()) if (!this.endpoints.has(slot)) this.table.removeWatcher(slot);
  }

  private watch(endpoint: WatchedEndpoint): Watched {
    this.table.addWatcher(endpoint.slot);
    return { ...endpoint, counts: new IntervalCounts(this.table.memory, endpoint.slot) };
  }

  /**
   * Counts the end of a request. A good one costs two additions to shared memory, or none where endpoints are not
   * compared.
   *
   * @param slot of an endpoint; `noSlot` and those that the cluster no longer has do not count
   * @param latency in ms
   * @param found whether there was somebody to connect to
   */
  onResult(slot: number, ok: boolean, latency: number, found: "answers" | "nobody" = "answers"): void {
    // A slot that was given back may be another endpoint's by the time that the last of its requests ends.
    if (this.isWatched[slot] !== 1) return;
    const start = slotStart(slot);
    if (this.compares) Atomics.add(this.words, start + slotWord.requests, 1);
    if (!ok) this.onFailure(slot, start, found);
    else {
      if (this.compares) addLatency(this.words, start, latency);
      // A plain read: most requests find nothing to change.
      const at = start + slotWord.consecutive;
      if (this.words[at] !== 0) Atomics.store(this.words, at, 0);
    }
  }

  private onFailure(slot: number, start: number, found: "answers" | "nobody"): void {
    if (this.compares) Atomics.add(this.words, start + slotWord.failures, 1);
    const { consecutiveFailures } = this.config;
    if (consecutiveFailures === 0) return;
    const inRow = Atomics.add(this.words, start + slotWord.consecutive, 1) + 1;
    if (inRow < consecutiveFailures || this.table.isEjected(slot)) return;
    const outcome = this.eject(slot, { kind: "consecutive_failures", measure: inRow }, found === "nobody");
    // As many more failures before it is tried again; after `busy` the next one tries.
    if (outcome === "refused") Atomics.store(this.words, start + slotWord.consecutive, 0);
  }

  /**
   * Takes back whose ejection is over and, when an interval has passed, leaves out who was worse than the rest in it.
   * May be called more often than once an interval: endpoints then come back sooner.
   *
   * @param now in ms of the table's clock
   */
  evaluate(now: number = this.table.memory.now()): void {
    for (const endpoint of this.endpoints.values()) {
      if (!this.table.endDueEjection(endpoint.slot, now)) continue;
      // What it did before it was left out is not held against it again.
      endpoint.counts.take();
      this.options.log.info(this.fields(endpoint), "endpoint is back");
    }
    if (now < this.intervalEnd) return;
    this.intervalEnd = now + this.config.interval;
    for (const slot of this.slots) this.table.forgive(slot, now, this.config.interval);
    if (this.compares) this.compare();
  }

  private compare(): void {
    const compared: Watched[] = [];
    const conducts: Conduct[] = [];
    for (const endpoint of this.endpoints.values()) {
      const conduct = endpoint.counts.take();
      if (this.table.isEjected(endpoint.slot)) continue;
      compared.push(endpoint);
      conducts.push(conduct);
    }
    for (const { index, reason } of findOutliers(conducts, this.config)) {
      this.eject(compared[index]!.slot, reason);
    }
  }

  /** Somebody accepts connections at an endpoint again: if that was what it was left out for, it is back. */
  onReachable(slot: number): void {
    const endpoint = this.endpoints.get(slot);
    if (endpoint === undefined || !this.table.endUnreachable(slot)) return;
    endpoint.counts.take();
    this.options.log.info(this.fields(endpoint), "endpoint is back: it accepts connections");
  }

  private eject(slot: number, reason: EjectionReason, isUnreachable = false): "ejected" | "refused" | "busy" {
    const outcome = this.table.eject(slot, reason, {
      among: this.slots,
      most: mostEjected(this.slots.length, this.config.mostEjected),
      first: this.config.ejection,
      longest: this.config.longestEjection,
      isUnreachable,
    });
    if (typeof outcome === "string") return outcome;
    const endpoint = this.endpoints.get(slot);
    if (endpoint !== undefined) {
      this.options.log.warn(this.fields(endpoint), ejectionText(reason, outcome.ejectedFor));
    }
    return "ejected";
  }

  private fields({ name }: Watched): object {
    return { cluster: this.options.cluster, endpoint: name };
  }

  /** Watches nobody any more. Whom no other detector watches is no longer left out. */
  close(): void {
    this.setEndpoints([]);
  }
}

/**
 * How many of a cluster's endpoints may be left out at once; one always may, where there are two or more.
 *
 * @param share in [0, 1]
 */
export function mostEjected(endpoints: number, share: number): number {
  if (endpoints < 2) return 0;
  // 0.29 * 100 is a little less than 29.
  return Math.max(1, Math.floor(endpoints * share + 1e-9));
}
