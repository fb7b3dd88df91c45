/**
 * Copies of a route's requests for another cluster. Nobody waits for them: what cannot be copied at once and within
 * the limits is not copied, and counted.
 */
import type { RouteConfig } from "../config/model.ts";
import type { MirrorConfig } from "../config/traffic-model.ts";
import type { ProxyError } from "../errors.ts";
import type { Reactor } from "../net/reactor.ts";
import type { MirrorDrop } from "../observe/mirror-metrics.ts";
import type { Cluster } from "../upstream/cluster.ts";
import { DetachedCall, type DetachedOwner } from "../upstream/detached-call.ts";
import { hashFor } from "./attempts/endpoint-choice.ts";
import type { Exchange } from "./exchange.ts";
import type { BodyCopy } from "./request/body.ts";
import { GrowingBytes } from "./request/growing-bytes.ts";

/** One of the clusters that get copies of a route's requests. */
export class Mirror implements DetachedOwner {
  readonly config: MirrorConfig;
  readonly cluster: Cluster;
  /** The field that tells a copy from a request, and the empty line. */
  readonly mark: string;
  private readonly reactor: Reactor;
  private readonly slot: number;
  /** Those whose request is still being copied, too. */
  private readonly calls = new Set<DetachedCall>();

  /** @param route name of the route */
  constructor(route: string, config: MirrorConfig, cluster: Cluster, reactor: Reactor) {
    this.config = config;
    this.cluster = cluster;
    this.reactor = reactor;
    this.mark = `X-Sluice-Mirror: ${route}\r\n\r\n`;
    this.slot = reactor.metrics.mirrors.slot(route, cluster.name);
  }

  /** A place for one more request; null: there is none. */
  admit(): DetachedCall | null {
    if (this.calls.size >= this.config.maxInFlight) {
      this.count("in_flight");
      return null;
    }
    const call = new DetachedCall(this.cluster, this.config.timeout, this);
    this.calls.add(call);
    return call;
  }

  /** The request was not copied after all. */
  drop(call: DetachedCall, reason: MirrorDrop): void {
    this.calls.delete(call);
    this.count(reason);
  }

  /** Ends what is under way. */
  close(): void {
    for (const call of this.calls) call.cancel();
    this.calls.clear();
  }

  private count(reason: MirrorDrop): void {
    this.reactor.metrics.mirrors.dropped(this.slot, reason);
  }

  onSent(): void {
    this.reactor.metrics.mirrors.sent(this.slot);
  }

  onDone(call: DetachedCall, error: ProxyError | null): void {
    this.calls.delete(call);
    if (error !== null) this.reactor.metrics.mirrors.failed(this.slot, error.code);
  }
}

/** Null: there are none. */
export function mirrorsOf(
  { name, mirror }: RouteConfig,
  clusters: ReadonlyMap<string, Cluster>,
  reactor: Reactor,
): Mirror[] | null {
  if (mirror.length === 0) return null;
  return mirror.map((config) => new Mirror(name, config, clusters.get(config.cluster)!, reactor));
}

interface Taker {
  readonly mirror: Mirror;
  readonly call: DetachedCall;
  /** What places the request among the endpoints. */
  readonly hash: number | null;
}

/** The copy of one request: complete when the request is, and sent then. */
export class RequestCopy implements BodyCopy {
  private takers: readonly Taker[];
  private readonly method: string;
  private readonly requestId: string;
  /** Without its empty line. */
  private readonly head: string;
  private readonly body = new GrowingBytes();

  /**
   * @param head as it goes upstream
   * @param random numbers from 0 to 1, without 1
   */
  constructor(exchange: Exchange, mirrors: readonly Mirror[], head: string, random = Math.random) {
    this.method = exchange.method;
    this.requestId = exchange.requestId;
    // A copy is whole before it is sent: there is nothing to wait for.
    this.head = head.slice(0, -2).replace(/^expect:.*\r\n/gim, "");
    this.takers = mirrors.flatMap((mirror) => {
      const call = random() < mirror.config.share ? mirror.admit() : null;
      return call === null ? [] : [{ mirror, call, hash: hashFor(exchange, mirror.cluster) }];
    });
    if (exchange.policies === null) this.keepWithin(exchange.head.contentLength);
    if (this.takers.length > 0) exchange.requestBody.copyTo(this);
  }

  add(bytes: Buffer): void {
    this.keepWithin(this.body.length + bytes.length);
    if (this.takers.length > 0) this.body.add(bytes);
    else this.body.take();
  }

  end(ending: string): void {
    const { method, requestId, takers } = this;
    this.takers = [];
    const body = this.body.take();
    const isChunk = ending !== "" && body.length > 0;
    const size = isChunk ? `${body.length.toString(16)}\r\n` : "";
    const tail = isChunk ? `\r\n${ending}` : ending;
    for (const { mirror, call, hash } of takers) {
      call.send({ method, requestId, head: `${this.head}${mirror.mark}${size}`, body, tail, hash });
    }
  }

  /** The exchange is over: what has not come will not come. */
  giveUp(): void {
    for (const { mirror, call } of this.takers) mirror.drop(call, "incomplete");
    this.takers = [];
  }

  private keepWithin(length: number): void {
    if (this.takers.every(({ mirror }) => length <= mirror.config.maxBody)) return;
    this.takers = this.takers.filter(({ mirror, call }) => {
      const fits = length <= mirror.config.maxBody;
      if (!fits) mirror.drop(call, "body");
      return fits;
    });
  }
}
