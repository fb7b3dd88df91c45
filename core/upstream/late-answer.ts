/**
 * Hears whether an endpoint still answers a request that another one has answered meanwhile. An endpoint that was quiet
 * for long may be slow, or stopped: this is what tells, and nothing has to be sent for it.
 */
import type { BodyMode } from "../wire/message-reader.ts";
import type { ResponseHead } from "../wire/response-head.ts";
import type { Cluster } from "./cluster.ts";
import type { UpstreamConnection } from "./connection.ts";
import type { ResponseReceiver, TunnelEnd } from "./receiver.ts";

/** How long an endpoint that was blamed is listened to, in times of its patience; one that was not, once. */
const times = 4;
/** At one endpoint. More tell no more, and each keeps a connection. */
const mostAtOnce = 2;

/** What is known of the request. */
export interface LateRequest {
  readonly method: string;
  /** As `performance.now()` tells the time. */
  readonly sentAt: number;
  /** Whether the endpoint was told to have failed it. */
  readonly isBlamed: boolean;
}

export class LateAnswer implements ResponseReceiver {
  readonly method: string;
  private readonly cluster: Cluster;
  private readonly connection: UpstreamConnection;
  private readonly request: LateRequest;

  private constructor(cluster: Cluster, connection: UpstreamConnection, request: LateRequest) {
    this.method = request.method;
    this.cluster = cluster;
    this.connection = connection;
    this.request = request;
  }

  /**
   * Listens for a while, or closes the connection where enough others listen.
   *
   * @param connection that carries the request
   */
  static await(cluster: Cluster, connection: UpstreamConnection, request: LateRequest): void {
    const { late, patience, pool, timeouts } = connection.endpoint;
    if (late.size >= mostAtOnce || pool.isClosed) {
      connection.abandon();
      return;
    }
    const answer = new LateAnswer(cluster, connection, request);
    late.add(answer);
    const time = request.isBlamed ? times * patience : patience;
    connection.handTo(answer, Math.min(time, timeouts.responseHead));
  }

  /** Listens no more. */
  end(): void {
    this.connection.endpoint.late.delete(this);
    this.connection.abandon();
  }

  onResponseHead(head: ResponseHead): BodyMode {
    const { endpoint } = this.connection;
    const now = performance.now();
    const latency = now - this.request.sentAt;
    endpoint.onHead(now, latency);
    if (!head.isInterim) this.cluster.onResult(endpoint, head.status < 500, latency);
    this.end();
    return "raw";
  }

  onResponseFailed(): void {
    const { endpoint } = this.connection;
    const { isBlamed, sentAt } = this.request;
    const now = performance.now();
    if (!isBlamed && endpoint.isQuietSince(sentAt, now)) this.cluster.onResult(endpoint, false, now - sentAt);
    this.end();
  }

  onStalled(): boolean {
    return false;
  }

  // Never, for the connection ends with the first byte of an answer.

  onResponseBody(): void {}
  onResponseEnd(): void {}
  onReadDone(): void {}
  onSendDrained(): void {}

  onSwitched(): TunnelEnd {
    throw new Error("A connection that was given up cannot become a tunnel");
  }
}
