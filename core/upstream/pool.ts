/**
 * The connections of one endpoint. The one used last is reused first, but never before
 * its socket was polled again since its last response: a second response that came right
 * behind the first is seen while the connection is idle, not taken for the next answer.
 */
import type { ClusterConfig, Limits } from "../config/model.ts";
import { ProxyError } from "../errors.ts";
import { Timer } from "../net/timers.ts";
import type { Task } from "../net/turn.ts";
import { UpstreamConnection } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";

/** How soon to look again at requests that wait while connections are being opened, in ms. */
const shortestWait = 50;

/** A request that needs a connection. */
export interface Waiter {
  onConnection(connection: UpstreamConnection): void;
  onNoConnection(error: ProxyError): void;
}

export class Pool implements Task {
  private readonly endpoint: Endpoint;
  private readonly limits: Limits;
  private readonly config: ClusterConfig;
  private readonly idle: UpstreamConnection[] = [];
  /** Idle too, in the order of their release, not polled since. */
  private readonly settling: UpstreamConnection[] = [];
  /** In order of arrival, with the time from which on each has waited too long. */
  private readonly waiters = new Map<Waiter, number>();
  private readonly pendingTimer = new Timer(() => this.expireWaiters());
  private readonly reserved = new Map<UpstreamConnection, Waiter>();
  private open = 0;
  private connecting = 0;
  private pumping = false;
  private closed = false;

  constructor(endpoint: Endpoint, config: ClusterConfig, limits: Limits) {
    this.endpoint = endpoint;
    this.config = config;
    this.limits = limits;
  }

  /** Connections that exist, in whatever state. */
  get size(): number {
    return this.open;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  get waiting(): number {
    return this.waiters.size + this.reserved.size;
  }

  /** Gives the waiter a connection, now or when one is free. */
  acquire(waiter: Waiter): void {
    const connection = this.waiters.size === 0 ? this.takeIdle() : undefined;
    if (connection !== undefined) {
      waiter.onConnection(connection);
      return;
    }
    if (this.open >= this.config.maxConnections && this.unserved >= this.config.maxPending) {
      const message = `Cannot send to ${this.endpoint.name}: ${this.unserved} requests wait for a connection`;
      waiter.onNoConnection(
        new ProxyError("pending_overflow", message, { source: "upstream", retry: "safe" }),
      );
      return;
    }
    this.enqueue(waiter);
    this.pump();
  }

  /** Gives the waiter a connection that carried nothing before. */
  acquireNew(waiter: Waiter): void {
    if (this.open >= this.config.maxConnections) {
      this.acquire(waiter);
      return;
    }
    this.reserved.set(this.connect(), waiter);
    this.countPending(1);
  }

  /** The waiter needs no connection any more. */
  cancel(waiter: Waiter): void {
    if (this.dequeue(waiter)) return;
    for (const [connection, candidate] of this.reserved) {
      if (candidate !== waiter) continue;
      this.reserved.delete(connection);
      this.countPending(-1);
    }
  }

  /** Closes what is idle; what is busy closes when it is done. */
  close(): void {
    this.closed = true;
    this.closeIdle();
  }

  closeIdle(): void {
    for (const connection of [...this.idle, ...this.settling]) connection.close();
  }

  // --- from connections

  connected(connection: UpstreamConnection): void {
    this.connecting--;
    this.countIdle(1);
    const waiter = this.reserved.get(connection);
    if (waiter === undefined) {
      this.idle.push(connection);
      this.pump();
      return;
    }
    this.reserved.delete(connection);
    this.countPending(-1);
    this.countIdle(-1);
    waiter.onConnection(connection);
  }

  connectFailed(connection: UpstreamConnection, error: ProxyError): void {
    const reservedFor = this.reserved.get(connection);
    if (reservedFor !== undefined) {
      this.reserved.delete(connection);
      this.countPending(-1);
      reservedFor.onNoConnection(error);
      return;
    }
    const [waiter] = this.waiters.keys();
    if (waiter === undefined) return;
    this.dequeue(waiter);
    waiter.onNoConnection(error);
  }

  released(connection: UpstreamConnection): void {
    this.countIdle(1);
    if (this.closed || this.idle.length + this.settling.length >= this.config.maxIdle) {
      this.idle.push(connection);
      connection.close();
      return;
    }
    connection.settledFrom = this.endpoint.reactor.turn.mark();
    this.settling.push(connection);
    if (this.waiters.size > 0) this.pumpLater();
  }

  removed(connection: UpstreamConnection, was: "connecting" | "idle" | "busy"): void {
    this.open--;
    this.endpoint.reactor.metrics.clusters.connections(this.endpoint.metricsSlot, -1);
    if (was === "connecting") this.connecting--;
    if (was === "idle") {
      this.countIdle(-1);
      if (!remove(this.idle, connection)) remove(this.settling, connection);
    }
    if (this.waiters.size > 0) this.pumpLater();
  }

  // --- matching waiters and connections

  run(): void {
    this.pumping = false;
    this.pump();
  }

  private pumpLater(): void {
    if (this.pumping) return;
    this.pumping = true;
    this.endpoint.reactor.turn.schedule(this);
  }

  private pump(): void {
    for (const waiter of this.waiters.keys()) {
      const connection = this.takeIdle();
      if (connection === undefined) break;
      this.dequeue(waiter);
      waiter.onConnection(connection);
    }
    const allowed = this.config.maxConnections - this.open;
    for (let i = Math.min(this.unserved, allowed); i > 0; i--) this.connect();
    if (this.waiters.size > 0 && this.settling.length > 0) this.pumpLater();
  }

  /** Requests that no connection is on its way to. */
  private get unserved(): number {
    const connecting = this.connecting - this.reserved.size;
    return this.waiters.size - connecting - this.settling.length;
  }

  private takeIdle(): UpstreamConnection | undefined {
    const { number } = this.endpoint.reactor.turn;
    let settled = 0;
    while (settled < this.settling.length && this.settling[settled]!.settledFrom <= number) settled++;
    if (settled > 0) this.idle.push(...this.settling.splice(0, settled));
    const connection = this.idle.pop();
    if (connection !== undefined) this.countIdle(-1);
    return connection;
  }

  private connect(): UpstreamConnection {
    this.open++;
    this.connecting++;
    this.endpoint.reactor.metrics.clusters.connections(this.endpoint.metricsSlot, 1);
    return new UpstreamConnection(this.endpoint, this.limits);
  }

  private enqueue(waiter: Waiter): void {
    const { pending } = this.config.timeouts;
    if (this.waiters.size === 0) this.endpoint.reactor.timers.arm(this.pendingTimer, pending);
    this.waiters.set(waiter, performance.now() + pending);
    this.countPending(1);
  }

  private dequeue(waiter: Waiter): boolean {
    if (!this.waiters.delete(waiter)) return false;
    this.countPending(-1);
    if (this.waiters.size === 0) this.endpoint.reactor.timers.disarm(this.pendingTimer);
    return true;
  }

  /** While connections are being opened, their timeout is the one that counts. */
  private expireWaiters(): void {
    const now = performance.now();
    const { pending } = this.config.timeouts;
    for (const [waiter, deadline] of this.waiters) {
      if (this.connecting > 0 || deadline > now) break;
      this.dequeue(waiter);
      const message = `Cannot send to ${this.endpoint.name}: no connection became free in ${pending} ms`;
      waiter.onNoConnection(
        new ProxyError("pending_timeout", message, { source: "upstream", retry: "safe" }),
      );
    }
    const [next] = this.waiters.values();
    if (next !== undefined)
      this.endpoint.reactor.timers.arm(this.pendingTimer, Math.max(shortestWait, Math.ceil(next - now)));
  }

  private countIdle(delta: number): void {
    this.endpoint.reactor.metrics.clusters.idle(this.endpoint.metricsSlot, delta);
  }

  private countPending(delta: number): void {
    this.endpoint.reactor.metrics.clusters.pending(this.endpoint.metricsSlot, delta);
  }
}

function remove<T>(list: T[], item: T): boolean {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
  return index >= 0;
}
