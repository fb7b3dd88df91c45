/**
 * How much of a cluster's work may be under way at once, over all endpoints and reactors: so many requests, so many
 * retries, and as many requests as its latency shows that it can do.
 */
import type { ConcurrencyConfig } from "../../config/traffic-model.ts";
import { ProxyError } from "../../errors.ts";
import type { ClusterCounts } from "../cluster-memory.ts";
import { GradientLimit } from "./gradient-limit.ts";
import { Place } from "./place.ts";
import type { Priority } from "./priority.ts";

/** What a cluster's config says of it; all null: there is no admission. */
export interface AdmissionConfig {
  readonly name: string;
  readonly maxRequests: number | null;
  readonly maxRetries: number | null;
  readonly concurrency: ConcurrencyConfig | null;
}

/** Which limit was met. */
export type Refusal = "requests" | "concurrency";

export class Admission {
  readonly counts: ClusterCounts;
  /** Null: latency is not looked at. */
  readonly limit: GradientLimit | null;
  private readonly config: AdmissionConfig;
  private readonly onRefused: (refusal: Refusal, priority: Priority) => void;

  constructor(
    config: AdmissionConfig,
    counts: ClusterCounts,
    onRefused: (refusal: Refusal, priority: Priority) => void,
  ) {
    this.config = config;
    this.counts = counts;
    this.onRefused = onRefused;
    this.limit =
      config.concurrency === null
        ? null
        : new GradientLimit(config.concurrency, undefined, undefined, counts.limit);
  }

  /**
   * A place for one attempt, which `leave` gives back; null: this cluster limits only retries.
   *
   * @param isWhole whether all of the request is here. Until it is, the client is what is waited for: it may
   *   neither keep others out of an adaptive limit nor be taken for a slow cluster
   * @throws ProxyError requests_exhausted, overloaded
   */
  enter(priority: Priority, isWhole: boolean): Place | null {
    const { maxRequests } = this.config;
    const { counts, limit } = this;
    if (maxRequests === null && limit === null) return null;
    if (maxRequests !== null && !counts.tryRequest(maxRequests)) {
      throw this.refusal("requests", priority, `${maxRequests} requests are in flight`);
    }
    if (limit !== null && !(isWhole ? limit.onStart(priority) : limit.isOpen(priority))) {
      if (maxRequests !== null) counts.endRequest();
      throw this.refusal("concurrency", priority, `${limit.inFlight} of ${limit.limit} places are taken`);
    }
    return new Place(counts, limit, { countsRequest: maxRequests !== null, isWhole });
  }

  /** Whether another retry may be in flight; if so `endRetry` must follow, once. */
  tryRetry(): boolean {
    const { maxRetries } = this.config;
    if (maxRetries === null) return true;
    if (!this.counts.tryRetry(maxRetries)) return false;
    this.counts.hold();
    return true;
  }

  endRetry(): void {
    if (this.config.maxRetries === null) return;
    this.counts.endRetry();
    this.counts.release();
  }

  /** What is under way, over all reactors. */
  report() {
    const { counts, limit, config } = this;
    return {
      requests: config.maxRequests === null ? null : counts.inFlight,
      retries: config.maxRetries === null ? null : counts.retries,
      concurrency: limit && { limit: limit.limit, inFlight: limit.inFlight },
    };
  }

  private refusal(refusal: Refusal, priority: Priority, because: string): ProxyError {
    this.onRefused(refusal, priority);
    const code = refusal === "requests" ? "requests_exhausted" : "overloaded";
    return new ProxyError(code, `Cannot send to cluster ${this.config.name}: ${because}`, {
      source: "upstream",
      retry: "safe",
    });
  }
}
