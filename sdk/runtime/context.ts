/** `ctx`: what a handler has besides its message. */

import { type Counters, counters } from "./counters.ts";
import type { GuestExchange } from "./exchange.ts";
import { callText } from "./host.ts";
import { HostOp } from "./host-op.ts";
import { assertIdentity } from "./identity-text.ts";
import { type KeyValueStore, kv } from "./kv.ts";
import { type Logger, loggerOf } from "./log.ts";
import { type Metrics, metrics } from "./metrics.ts";
import { ResponseCache } from "./response-cache.ts";
import { type SharedStore, sharedStore } from "./shared-store.ts";
import { keepGoing } from "./wait-until.ts";
import type { AbortSignal } from "./web/abort.ts";
import { performance } from "./web/performance.ts";

/** Where a request goes; null: as the route and the balancer say. */
export interface UpstreamChoice {
  cluster: string | null;
  endpoint: string | null;
  hashKey: string | null;
}

const usableId = /^[\x21-\x7e]{1,128}$/;

export class Context {
  readonly #exchange: GuestExchange;

  constructor(exchange: GuestExchange) {
    this.#exchange = exchange;
  }

  get config(): unknown {
    return this.#exchange.instance.config;
  }

  get state(): object {
    const exchange = this.#exchange;
    exchange.state ??= exchange.instance.makeState();
    return exchange.state;
  }

  set state(value: object) {
    this.#exchange.state = value;
  }

  get route(): { readonly name: string; readonly cluster: string | null } {
    return { name: this.#exchange.routeName, cluster: this.#exchange.routeCluster };
  }

  get client(): { readonly address: string; readonly tls: object | null } {
    const { address, tls } = this.#exchange;
    return { address, tls: tls === "" ? null : (JSON.parse(tls) as object) };
  }

  get requestId(): string {
    return this.#exchange.requestId;
  }

  set requestId(value: string) {
    const id = String(value);
    if (!usableId.test(id)) {
      throw new TypeError("Cannot set ctx.requestId: expected 1 to 128 visible ASCII characters");
    }
    this.#exchange.requestId = id;
  }

  get log(): Logger {
    return loggerOf(this.#exchange);
  }

  get metrics(): Metrics {
    return metrics;
  }

  get kv(): KeyValueStore {
    return kv;
  }

  get counters(): Counters {
    return counters;
  }

  store(name: string): SharedStore {
    return sharedStore(name);
  }

  get cache(): ResponseCache {
    return new ResponseCache(this.#exchange);
  }

  get identity(): object | null {
    return this.#exchange.identity;
  }

  set identity(value: object | null) {
    if (value !== null && value !== undefined) assertIdentity(value);
    this.#exchange.identity = value;
  }

  get signal(): AbortSignal {
    return this.#exchange.signal;
  }

  get upstream(): UpstreamChoice {
    return this.#exchange.upstream;
  }

  get priority(): number {
    return this.#exchange.priority;
  }

  set priority(value: number) {
    if (value !== 0 && value !== 1 && value !== 2 && value !== 3) {
      throw new RangeError(`Cannot set ctx.priority to ${String(value)}: expected 0, 1, 2 or 3`);
    }
    this.#exchange.priority = value;
  }

  /** Time, as `performance.now()` tells it, at which the phase is over. */
  get deadline(): number {
    const exchange = this.#exchange;
    // A handler that asks at all asks when it begins: the clock is not read for the others.
    if (exchange.deadline === 0) {
      const phase = performance.now() + exchange.instance.setup.wallMs;
      // With the response head the request is in time.
      exchange.deadline = exchange.isAnswered ? phase : Math.min(phase, exchange.requestDeadline);
    }
    return exchange.deadline;
  }

  /** Whether the body is over: the chunk at hand is empty. */
  get last(): boolean {
    return this.#exchange.lastChunk;
  }

  // Handlers take functions out of `ctx`, as in `onRequest(request, { waitUntil })`: each knows its exchange.

  get end(): () => void {
    const exchange = this.#exchange;
    return () => {
      exchange.endsBody = true;
    };
  }

  get isRefresh(): boolean {
    return this.#exchange.isRefresh;
  }

  get keepGoing(): () => void {
    const exchange = this.#exchange;
    return () => void callText(HostOp.keepGoing, String(exchange.ownSlot));
  }

  get refresh(): () => boolean {
    const exchange = this.#exchange;
    return () => callText(HostOp.refresh, String(exchange.ownSlot)) === "1";
  }

  get waitUntil(): (promise: PromiseLike<unknown>) => void {
    const exchange = this.#exchange;
    return (promise) => keepGoing(promise, exchange);
  }
}
