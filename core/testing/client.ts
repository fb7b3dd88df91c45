/** The client's side of a gateway: one request on one connection. */
import type { Socket } from "node:net";
import { defaultLimits } from "../config/defaults.ts";
import { type BodyMode, type MessageSink, ResponseReader } from "../wire/message-reader.ts";
import type { ResponseHead } from "../wire/response-head.ts";
import { IncomingBody } from "./incoming-body.ts";
import { fieldLines, measured, writeMessage } from "./outgoing-message.ts";

const withoutBody: readonly number[] = [204, 205, 304];

/**
 * Sends a request over a connection that nothing else uses, and gives the response when its head is there.
 *
 * @throws the reason of the request's signal, or TypeError when no response comes
 */
export function ask(socket: Socket, request: Request): Promise<Response> {
  const answer = new Answer(socket, request.method);
  const abort = () => answer.fail(request.signal.reason);
  request.signal.addEventListener("abort", abort, { once: true });
  socket.on("close", () => request.signal.removeEventListener("abort", abort));
  if (request.signal.aborted) abort();
  else send(socket, request).catch((error) => answer.fail(error));
  return answer.response;
}

async function send(socket: Socket, request: Request): Promise<void> {
  const { pathname, search, host } = new URL(request.url);
  const hostLine = request.headers.has("host") ? "" : `host: ${host}\r\n`;
  const lines = `${request.method} ${pathname}${search} HTTP/1.1\r\n${hostLine}${fieldLines(request.headers)}`;
  await writeMessage(socket, lines, request.body === null ? null : await measured(request.body));
}

class Answer implements MessageSink<ResponseHead> {
  readonly response: Promise<Response>;
  private readonly settle: PromiseWithResolvers<Response>;
  private readonly socket: Socket;
  private readonly method: string;
  private readonly reader: ResponseReader;
  private body: IncomingBody | null = null;
  private isDone = false;

  constructor(socket: Socket, method: string) {
    this.socket = socket;
    this.method = method;
    this.settle = Promise.withResolvers();
    this.response = this.settle.promise;
    this.reader = new ResponseReader({ ...defaultLimits, head: 2 ** 20, fields: 10_000 }, this);
    this.reader.expectResponseTo(method);
    socket.on("data", (bytes: Buffer) => this.read(bytes));
    socket.on("end", () => this.readEnd());
    socket.on("error", () => this.fail(new TypeError("Gateway broke the connection off")));
    socket.on("close", () =>
      this.fail(new TypeError("Gateway closed the connection before its response was complete")),
    );
  }

  private read(bytes: Buffer): void {
    try {
      for (let at = 0; at < bytes.length && !this.isDone; ) at = this.reader.read(bytes, at, bytes.length);
    } catch (error) {
      this.fail(error);
    }
  }

  private readEnd(): void {
    try {
      this.reader.end();
    } catch {
      this.fail(new TypeError("Gateway closed the connection inside a response"));
    }
  }

  onHead(head: ResponseHead): BodyMode {
    if (head.status === 101) this.fail(new TypeError("A test gateway switches to no other protocol"));
    if (head.isInterim) return "decoded";
    const mayHaveBody = this.method !== "HEAD" && !withoutBody.includes(head.status);
    this.body = new IncomingBody(this.socket, () => this.close());
    const { status, reason } = head;
    const init = { status, statusText: reason, headers: [...head.fields()] };
    this.settle.resolve(new Response(mayHaveBody ? this.body.stream : null, init));
    return "decoded";
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    this.body?.add(bytes, start, end);
  }

  onEnd(): void {
    this.body?.end();
    this.close();
  }

  fail(error: unknown): void {
    if (this.isDone) return;
    this.settle.reject(error);
    this.body?.fail(error as Error);
    this.close();
  }

  private close(): void {
    this.isDone = true;
    this.socket.destroy();
  }
}
