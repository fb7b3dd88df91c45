import type { Reactor } from "../../net/reactor.ts";
import type { ClientSide } from "../../wire/forward/client-side.ts";
import type { Exchange } from "../exchange.ts";
import type { Gateway } from "../gateway.ts";
import type { Tunnel } from "./tunnel.ts";

/** What an exchange needs of whoever sent its request: a connection, or nobody (absent-client.ts). */
export interface ExchangeClient {
  readonly gateway: Gateway;
  readonly reactor: Reactor;
  readonly side: ClientSide;
  /** JSON of what is known of its TLS, without a blank in it; empty when there is none. */
  readonly tls: string;
  /** Whether its connection is to end after this response. */
  readonly isLeaving: boolean;
  /** Whether bytes wait in this process for it to read. */
  readonly isSending: boolean;
  pauseReading(): void;
  resumeReading(): void;
  /** Latin1. Returns false when it reads too slowly. */
  sendText(text: string): boolean;
  /** In one write; head and tail are latin1. Returns false when it reads too slowly. */
  sendBytes(head: string, bytes: Buffer, tail: string): boolean;
  /** Calls back once it has read what was sent, or never will; at once if that is so already. */
  whenSent(then: () => void): void;
  endSending(): void;
  becomeTunnel(tunnel: Tunnel): void;
  /** It has left, and the exchange goes on without it. */
  onExchangeDetached(exchange: Exchange): void;
  onExchangeDone(exchange: Exchange, then: "keep-alive" | "close" | "broken"): void;
}
