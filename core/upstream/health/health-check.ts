import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { Limits } from "../../config/model.ts";
import type { HealthCheckConfig } from "../../config/traffic-model.ts";
import { toConnectError } from "../../net/connect-error.ts";
import { type ConnectTarget, readyEvent } from "../../net/connector.ts";
import type { Reactor } from "../../net/reactor.ts";
import { Timer } from "../../net/timers.ts";
import { badCheck, type CheckOutcome, goodCheck } from "./check-outcome.ts";
import { CheckResponse } from "./check-response.ts";

/** What a check needs of its thread. */
export type CheckReactor = Pick<Reactor, "connect" | "timers" | "readBuffers">;

export interface CheckTarget {
  /** Address as text, for messages. */
  readonly name: string;
  readonly target: ConnectTarget;
  /** `host[:port]`, what Host says when the config names no other. */
  readonly authority: string;
  readonly limits: Limits;
}

/**
 * One check on a connection of its own, which is closed as soon as the answer is known. Without HTTP a connection is
 * enough, and under TLS the handshake.
 */
export class HealthCheck {
  private readonly endpoint: CheckTarget;
  private readonly config: HealthCheckConfig;
  private readonly reactor: CheckReactor;
  private readonly onDone: (outcome: CheckOutcome) => void;
  private readonly timer: Timer;
  private readonly response: CheckResponse | null;
  private readonly socket: Socket;
  private isConnected = false;
  private isOver = false;

  /** @param onDone called once, later, unless `cancel` comes first */
  constructor(
    endpoint: CheckTarget,
    config: HealthCheckConfig,
    reactor: CheckReactor,
    onDone: (outcome: CheckOutcome) => void,
  ) {
    this.endpoint = endpoint;
    this.config = config;
    this.reactor = reactor;
    this.onDone = onDone;
    this.timer = new Timer(() => this.onTimeout());
    this.response = config.http === null ? null : new CheckResponse(config.http, endpoint.limits);
    this.socket = this.open();
    reactor.timers.arm(this.timer, config.timeout);
  }

  private open(): Socket {
    const { target } = this.endpoint;
    const socket = this.reactor.connect(target, {
      // Nothing of a read is kept, so that connections can share the memory for it.
      buffer: () => this.reactor.readBuffers.shared,
      callback: (length, bytes) => this.onRead(bytes as Buffer, length),
    });
    socket.once(readyEvent(target), () => this.onConnected());
    socket.on("end", () => this.onEnd());
    socket.on("error", (error) => this.onError(error));
    socket.on("close", () => this.onEnd());
    return socket;
  }

  /** Ends it without an outcome. */
  cancel(): void {
    this.isOver = true;
    this.reactor.timers.disarm(this.timer);
    this.socket.destroy();
  }

  private finish(outcome: CheckOutcome): void {
    if (this.isOver) return;
    this.cancel();
    this.onDone(outcome);
  }

  // --- from the socket

  private onConnected(): void {
    if (this.isOver) return;
    this.isConnected = true;
    const { http } = this.config;
    if (http === null) {
      this.finish(goodCheck);
      return;
    }
    const host = http.host ?? this.endpoint.authority;
    if (isOneWord(http.path) && isOneWord(host)) this.socket.write(requestText(http.path, host), "latin1");
    else this.finish(badCheck("request_malformed", `Cannot ask ${JSON.stringify(host)} for ${http.path}`));
  }

  private onRead(bytes: Buffer, length: number): boolean {
    if (this.isOver || this.response === null) return true;
    this.response.read(bytes, length);
    if (this.response.outcome !== null) this.finish(this.response.outcome);
    return true;
  }

  private onEnd(): void {
    if (this.isOver) return;
    if (!this.isConnected || this.response === null) {
      this.onError(new Error("connection closed before it was established"));
      return;
    }
    this.response.end();
    this.finish(this.response.outcome!);
  }

  private onError(error: unknown): void {
    if (this.isOver) return;
    if (this.isConnected) {
      this.finish(badCheck("upstream_closed", `${this.endpoint.name} closed the connection`));
    } else {
      const { code, message } = toConnectError(error, this.endpoint.name);
      this.finish(badCheck(code, message));
    }
  }

  private onTimeout(): void {
    const { timeout } = this.config;
    const found = this.isConnected ? "no whole answer" : "no connection";
    this.finish(badCheck("timeout", `${this.endpoint.name}: ${found} in ${timeout} ms`));
  }
}

/**
 * Whether a text ends neither the request target nor a field (RFC 9112 section 3): names of endpoints may come from a
 * registry, and what stands in one must not become a request of its own.
 */
function isOneWord(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

/** RFC 9112 section 9.6: who says `close` gets no further use of the connection, and the endpoint need not wait. */
function requestText(path: string, host: string): string {
  const fields = [`Host: ${host}`, "User-Agent: sluice-health-check", "Accept: */*", "Connection: close"];
  return `GET ${path} HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`;
}
