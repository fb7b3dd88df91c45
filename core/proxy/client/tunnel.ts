/** An upgraded connection: bytes both ways, each side's slowness felt by the other. */
import { Timer } from "../../net/timers.ts";
import type { UpstreamConnection } from "../../upstream/connection.ts";
import type { TunnelEnd } from "../../upstream/receiver.ts";
import type { ExchangeClient } from "./exchange-client.ts";

/** Who wants to know when it is over. */
export interface TunnelOwner {
  onTunnelFinished(bytesIn: number, bytesOut: number): void;
}

export class Tunnel implements TunnelEnd {
  private readonly client: ExchangeClient;
  private readonly upstream: UpstreamConnection;
  private readonly owner: TunnelOwner;
  private readonly idleTime: number;
  private readonly timer = new Timer(() => this.onIdle());
  private bytesIn = 0;
  private bytesOut = 0;
  private clientEnded = false;
  private upstreamEnded = false;
  private closed = false;

  constructor(client: ExchangeClient, upstream: UpstreamConnection, idleTime: number, owner: TunnelOwner) {
    this.client = client;
    this.upstream = upstream;
    this.idleTime = idleTime;
    this.owner = owner;
    client.reactor.metrics.tunnels(1);
    this.touch();
  }

  // --- from the client

  onClientBytes(bytes: Buffer): void {
    this.bytesIn += bytes.length;
    this.touch();
    if (!this.upstream.sendBytes(bytes)) this.client.pauseReading();
  }

  onClientEnd(): void {
    this.clientEnded = true;
    this.upstream.endSending();
    this.closeWhenBothEnded();
  }

  onClientDrained(): void {
    this.upstream.resume();
  }

  onClientClosed(): void {
    this.close();
  }

  // --- from the endpoint

  onTunnelBytes(bytes: Buffer, length: number): void {
    this.bytesOut += length;
    this.touch();
    const flowing = this.client.sendBytes("", this.upstream.memory.sliceToKeep(bytes, 0, length), "");
    if (this.client.isSending) this.upstream.memory.retain();
    if (!flowing) this.upstream.pause();
  }

  onTunnelEnd(): void {
    this.upstreamEnded = true;
    this.client.endSending();
    this.closeWhenBothEnded();
  }

  onTunnelDrained(): void {
    this.client.resumeReading();
  }

  onTunnelClosed(): void {
    // What was sent to the client before is still on its way.
    if (this.upstreamEnded) this.upstreamGone();
    else this.close();
  }

  // --- end

  private upstreamGone(): void {
    if (this.clientEnded) this.close();
  }

  private closeWhenBothEnded(): void {
    if (this.clientEnded && this.upstreamEnded) this.close();
  }

  private touch(): void {
    this.client.reactor.timers.arm(this.timer, this.idleTime);
  }

  private onIdle(): void {
    this.upstream.close();
    this.close();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.client.reactor.timers.disarm(this.timer);
    this.client.reactor.metrics.tunnels(-1);
    this.upstream.closeAfterSending();
    this.owner.onTunnelFinished(this.bytesIn, this.bytesOut);
  }
}
