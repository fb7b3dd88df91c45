/**
 * An upstream that is its own judge: the strict parser of node:http reads what the proxy sends, so a
 * message that hides in another one is seen here as what a real service would take it for.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Test } from "tap";
import type { Address } from "../../core/config/model.ts";
import { ok } from "../support/raw-upstream.ts";

/** A request as node:http read it. */
export interface JudgedRequest {
  readonly method: string;
  readonly target: string;
  /** Value of Host. */
  readonly host: string;
  /** Names as sent and values, alternating. */
  readonly rawFields: readonly string[];
  /** What the proxy gave it; whoever smuggles cannot know it. */
  readonly id: string;
  /** Latin1; what arrived of it until now. */
  body: string;
  /** Whether its last byte arrived. */
  complete: boolean;
}

/** Bytes that node:http refused. */
export interface Refusal {
  /** Of the error. */
  readonly code: string;
  /** The last request before them on their connection; null when they were the first. */
  readonly behind: JudgedRequest | null;
}

export interface Judge {
  readonly address: Address;
  /** In order of their heads. */
  readonly requests: readonly JudgedRequest[];
  /** A request that breaks off in its middle is none. */
  readonly refusals: readonly Refusal[];
}

/** Codes of a connection that ended inside a request. */
const brokenOff = new Set(["ECONNRESET", "EPIPE", "HPE_INVALID_EOF_STATE"]);

/** Starts a judge that answers each request with its target, until the test ends. */
export async function startJudge(t: Test): Promise<Judge> {
  const requests: JudgedRequest[] = [];
  const refusals: Refusal[] = [];
  /** With the last request of each. */
  const sockets = new Map<Duplex, JudgedRequest | null>();
  const limits = { maxHeaderSize: 256 * 1024, keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 };
  const server = createServer(limits, (message) => {
    const request = judged(message);
    requests.push(request);
    sockets.set(message.socket, request);
    answer(message, request);
  });
  server.maxHeadersCount = 0;
  server.on("connection", (socket) => sockets.set(socket, null));
  // It answers nothing and stays: what becomes of the connection is for the proxy to decide.
  server.on("clientError", ({ code = "unknown" }: NodeJS.ErrnoException, socket) => {
    if (!brokenOff.has(code)) refusals.push({ code, behind: sockets.get(socket) ?? null });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.close();
    for (const socket of sockets.keys()) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return { address: { host: "127.0.0.1", port }, requests, refusals };
}

function answer(message: IncomingMessage, request: JudgedRequest): void {
  message.setEncoding("latin1");
  message.on("error", () => {});
  message.on("data", (text: string) => {
    request.body += text;
  });
  message.on("end", () => {
    request.complete = true;
    // Past node:http, whose own fields would make the head longer than some tests allow.
    message.socket.write(ok(request.method === "HEAD" ? "" : request.target));
  });
}

function judged({ method, url, headers, rawHeaders }: IncomingMessage): JudgedRequest {
  return {
    method: method!,
    target: url!,
    host: headers.host ?? "",
    rawFields: rawHeaders,
    id: String(headers["x-request-id"]),
    body: "",
    complete: false,
  };
}
