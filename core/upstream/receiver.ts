/** Whom an upstream connection reports to. */
import type { ProxyError } from "../errors.ts";
import type { BodyMode } from "../wire/message-reader.ts";
import type { ResponseHead } from "../wire/response-head.ts";

/** The attempt that a connection works for. */
export interface ResponseReceiver {
  readonly method: string;
  onResponseHead(head: ResponseHead): BodyMode;
  onResponseBody(bytes: Buffer, start: number, end: number): void;
  onResponseEnd(trailers: readonly (readonly [name: string, value: string])[]): void;
  /** After each read, when everything in it was reported. */
  onReadDone(): void;
  /**
   * The endpoint switched protocols; `surplus` came right behind its head. From here on the
   * connection carries bytes for whoever is returned.
   */
  onSwitched(surplus: Buffer): TunnelEnd;
  /** No response, or no whole one. */
  onResponseFailed(error: ProxyError): void;
  /**
   * There is no response yet, and the endpoint has answered nobody for a while. Returns whether the request goes
   * elsewhere; the connection is then given up. Else this may be called again.
   *
   * @param isSilent whether so many wait that the endpoint must have failed
   */
  onStalled(isSilent: boolean): boolean;
  /** What was sent has left the process; more may be sent. */
  onSendDrained(): void;
}

/** The other end of a connection that became a tunnel. */
export interface TunnelEnd {
  onTunnelBytes(bytes: Buffer, length: number): void;
  /** The endpoint will send nothing more. */
  onTunnelEnd(): void;
  onTunnelClosed(): void;
  onTunnelDrained(): void;
}
