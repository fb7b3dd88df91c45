/** What follows an attempt that failed: another one, elsewhere and a little later. */
import type { Cluster } from "../upstream/cluster.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import { backoff } from "../upstream/retry/backoff.ts";
import { leavesTime } from "../upstream/retry/deadline.ts";
import { type AttemptFailure, decideRetry } from "../upstream/retry/retry-decision.ts";
import type { Exchange } from "./exchange.ts";

/** Of one exchange. Made when its first attempt has failed: most never need it. */
export class Retries {
  /** Endpoints that were asked already. */
  readonly tried = new Set<Endpoint>();
  private readonly exchange: Exchange;
  private pause: NodeJS.Timeout | null = null;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /** Arranges for another attempt. Returns false when there is to be none. */
  arrange(failure: AttemptFailure, endpoint: Endpoint, cluster: Cluster): boolean {
    const { exchange, tried } = this;
    const { retry } = exchange.route!.config;
    if (retry === null) return false;
    tried.add(endpoint);
    const { retry: may, wait } = decideRetry(failure, exchange.attempts, retry, {
      method: exchange.method,
      hasIdempotencyKey: exchange.head.get("idempotency-key") !== null,
      canReplay: exchange.requestBody.canReplay,
      responseBegan: exchange.hasAnswered,
      hasOtherEndpoint: tried.size < cluster.endpoints.length,
    });
    if (!may) return false;
    const pause = backoff(retry.backoff, exchange.attempts, wait);
    if (!leavesTime(exchange.deadline, pause, performance.now()) || !cluster.budget.tryRetry()) return false;
    this.pause = setTimeout(() => {
      this.pause = null;
      exchange.tryAgain();
    }, pause);
    return true;
  }

  cancel(): void {
    if (this.pause !== null) clearTimeout(this.pause);
    this.pause = null;
  }
}
