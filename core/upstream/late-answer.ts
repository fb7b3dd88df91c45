/**
 * Hears whether an endpoint still answers a request that another one has answered meanwhile. An endpoint that was quiet
 * for long may be slow, or stopped: this is what tells, and nothing has to be sent for it.
 */
import type { BodyMode } from "../wire/message-reader.ts";
import type { ResponseHead } from "../wire/response-head.ts";
import type { Cluster } from "./cluster.ts";
import type { UpstreamConnection } from "./connection.ts";
import type { ResponseReceiver, TunnelEnd } from "./receiver.ts";

/** How long it is listened, in times of what the endpoint's patience is. */
const times = 4;
/** At one endpoint. More tell no more, and each keeps a connection. */
const mostAtOnce = 2;

export class LateAnswer implements ResponseReceiver {
  readonly method: string;
  private readonly cluster: Cluster;
  private readonly connection: UpstreamConnection;
  private readonly sentAt: number;

  private constructor(cluster: Cluster, connection: UpstreamConnection, method: string, sentAt: number) {
    this.method = method;
    this.cluster = cluster;
    this.connection = connection;
    this.sentAt = sentAt;
  }

  /**
   * Listens for a while, or closes the connection where enough others listen.
   *
   * @param connection that carries the request
   * @param sentAt when the request was sent, as `performance.now()` tells it
   */
  static await(cluster: Cluster, connection: UpstreamConnection, method: string, sentAt: number): void {
    const { endpoint } = connection;
    const { late, patience, pool, timeouts } = endpoint;
    if (late.size >= mostAtOnce || pool.isClosed) {
      connection.abandon();
      return;
    }
    const answer = new LateAnswer(cluster, connection, method, sentAt);
    late.add(answer);
    connection.handTo(answer, Math.min(times * patience, timeouts.responseHead));
  }

  /** Listens no more. */
  end(): void {
    this.connection.endpoint.late.delete(this);
    this.connection.abandon();
  }

  onResponseHead(head: ResponseHead): BodyMode {
    const { endpoint } = this.connection;
    const now = performance.now();
    endpoint.onHead(now, now - this.sentAt);
    if (!head.isInterim) this.cluster.onResult(endpoint, head.status < 500, now - this.sentAt);
    this.end();
    return "raw";
  }

  onResponseFailed(): void {
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
