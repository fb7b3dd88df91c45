/** A service in the place of an endpoint: a function from the web's Request to its Response. */
import type { Socket } from "node:net";
import { defaultLimits } from "../config/defaults.ts";
import { type BodyMode, type MessageSink, RequestReader } from "../wire/message-reader.ts";
import type { RequestHead } from "../wire/request-head.ts";
import { demandResponse, StandInError } from "./given-response.ts";
import { IncomingBody } from "./incoming-body.ts";
import { fieldLines, measured, writeMessage } from "./outgoing-message.ts";

export type Service = (request: Request) => Response | Promise<Response>;

/**
 * Answers the requests of one connection, one after another.
 *
 * @param onError what the service throws; the connection is broken off then
 */
export function serve(socket: Socket, service: Service, onError: (error: unknown) => void): void {
  new ServedConnection(socket, service, onError);
}

class ServedConnection implements MessageSink<RequestHead> {
  private readonly socket: Socket;
  private readonly service: Service;
  private readonly onError: (error: unknown) => void;
  private readonly reader = new RequestReader({ ...defaultLimits, head: 2 ** 20, fields: 10_000 }, this);
  private readonly gone = new AbortController();
  private body: IncomingBody | null = null;

  constructor(socket: Socket, service: Service, onError: (error: unknown) => void) {
    this.socket = socket;
    this.service = service;
    this.onError = onError;
    socket.on("data", (bytes: Buffer) => this.read(bytes));
    socket.on("error", () => {});
    socket.on("close", () => this.close());
  }

  /** The proxy sends a request only after the response to the one before, so nothing is ever left over. */
  private read(bytes: Buffer): void {
    try {
      for (let at = 0; at < bytes.length; ) at = this.reader.read(bytes, at, bytes.length);
    } catch {
      this.socket.resetAndDestroy();
    }
  }

  private close(): void {
    const reason = new DOMException("Connection was closed", "AbortError");
    this.body?.fail(reason);
    this.gone.abort(reason);
  }

  onHead(head: RequestHead): BodyMode {
    const body = new IncomingBody(this.socket, () => body.discard());
    this.body = body;
    this.answer(head, body).catch(() => this.socket.resetAndDestroy());
    return "decoded";
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    this.body?.add(bytes, start, end);
  }

  onEnd(): void {
    this.body?.end();
  }

  private async answer(head: RequestHead, body: IncomingBody): Promise<void> {
    const response = await this.ask(requestFrom(head, body, this.gone.signal));
    // Of Response.error().
    if (response.status === 0) {
      this.socket.resetAndDestroy();
      return;
    }
    if (this.socket.destroyed) {
      await response.body?.cancel();
      return;
    }
    try {
      await this.write(response, head.method);
    } catch (error) {
      // A body that fails by itself breaks off at the client, too, which is where it is seen.
      if (error instanceof StandInError) this.onError(error);
      throw error;
    }
    body.discard();
  }

  private async ask(request: Request): Promise<Response> {
    try {
      return demandResponse(await this.service(request), "upstream");
    } catch (error) {
      // Nobody waits for the answer to a request that was given up.
      if (!this.socket.destroyed) this.onError(error);
      throw error;
    }
  }

  private async write(response: Response, method: string): Promise<void> {
    const { status, statusText, headers } = response;
    const lines = `HTTP/1.1 ${status} ${statusText}\r\n${fieldLines(headers)}`;
    const isEmpty = status === 204 || status === 304;
    if (method === "HEAD" || isEmpty) {
      const length = headers.get("content-length");
      const announced = length === null || isEmpty ? "" : `content-length: ${length}\r\n`;
      return writeMessage(this.socket, lines + announced, null);
    }
    const body = response.body === null ? null : await measured(response.body);
    await writeMessage(this.socket, body === null ? `${lines}content-length: 0\r\n` : lines, body);
  }
}

function requestFrom(head: RequestHead, body: IncomingBody, signal: AbortSignal): Request {
  const { method, authority, target } = head;
  const hasBody = head.hasBody && method !== "GET" && method !== "HEAD";
  if (!hasBody) body.discard();
  return new Request(`http://${authority}${target}`, {
    method,
    headers: [...head.fields()],
    signal,
    ...(hasBody && { body: body.stream, duplex: "half" }),
  } as RequestInit);
}
