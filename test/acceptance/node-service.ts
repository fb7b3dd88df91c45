import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import { text } from "node:stream/consumers";
import { WebSocketServer } from "ws";
import { listenLocally } from "../support/free-port.ts";
import { browserPage } from "./browser-page.ts";
import type { Service } from "./file-servers.ts";

/** A service that uses what HTTP/1.1 offers. */
export interface NodeService extends Service {
  /** Sends a piece to every response of `/stream` and `/events` that is open. */
  publish(piece: string): void;
  /** What the browser page reported. */
  readonly report: Promise<BrowserReport>;
}

export interface BrowserReport {
  readonly assets: number;
  readonly streamed: readonly string[];
  readonly events: readonly string[];
  readonly socket: readonly string[];
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** @param tls certificate and key, when it speaks HTTPS */
export async function startNode(tls?: ServerOptions): Promise<NodeService> {
  const subscribers = new Set<(piece: string) => void>();
  const report = Promise.withResolvers<BrowserReport>();
  const publish = (piece: string) => {
    for (const send of subscribers) send(piece);
  };
  const subscribe = (response: ServerResponse, type: string, format: (piece: string) => string) => {
    const send = (piece: string) => void response.write(format(piece));
    subscribers.add(send);
    response.on("close", () => subscribers.delete(send)).writeHead(200, { "content-type": type });
    send("first");
  };
  const handlers: Record<string, Handler> = {
    ...plainHandlers,
    "/stream": (_, response) => subscribe(response, "text/plain", (piece) => `${piece}\n`),
    "/events": (_, response) => subscribe(response, "text/event-stream", (piece) => `data: ${piece}\n\n`),
    "/publish": async (request, response) => {
      publish(await text(request));
      response.writeHead(204).end();
    },
    "/report": async (request, response) => {
      report.resolve(JSON.parse(await text(request)));
      response.writeHead(204).end();
    },
  };
  const answer = (request: IncomingMessage, response: ServerResponse) =>
    (handlers[request.url!.split("?")[0]!] ?? sendAsset)(request, response);
  const server = tls ? createTlsServer(tls, answer) : createServer(answer);
  const dropSockets = acceptUpgrades(server);
  const port = await listenLocally(server);
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    publish,
    report: report.promise,
    async [Symbol.asyncDispose]() {
      dropSockets();
      server.close();
      server.closeAllConnections();
    },
  };
}

const plainHandlers: Record<string, Handler> = {
  "/": ({ method, url, headers }, response) => sendJson(response, { method, url, headers }),
  "/page": (_, response) => void response.writeHead(200, { "content-type": "text/html" }).end(browserPage),
  "/moved": (_, response) => void response.writeHead(302, { location: "/" }).end(),
  "/kept": (request, response) => void request.resume().on("end", () => redirectKeepingMethod(response)),
  "/echo": (request, response) => void request.pipe(response),
  "/upload": digest,
  "/chunked": (_, response) => {
    for (const piece of ["one ", "two ", "three"]) response.write(piece);
    response.end();
  },
  "/hints": (_, response) => {
    response.writeEarlyHints({ link: "</style.css>; rel=preload" });
    response.end("after the hints");
  },
  "/trailers": (_, response) => {
    response.writeHead(200, { trailer: "x-checksum" }).write("body");
    response.addTrailers({ "x-checksum": "abc" });
    response.end();
  },
};

/** Says what arrived without keeping it. */
async function digest(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of request) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  sendJson(response, { method: request.method, bytes, sha256: hash.digest("hex") });
}

function redirectKeepingMethod(response: ServerResponse): void {
  response.writeHead(307, { location: "/upload" }).end();
}

function sendAsset({ url }: IncomingMessage, response: ServerResponse): void {
  if (!url!.startsWith("/assets/")) return void response.writeHead(404).end("nothing here");
  response.writeHead(200, { "content-type": "text/javascript" }).end("globalThis.assets++;");
}

function sendJson(response: ServerResponse, value: object): void {
  response.setHeader("content-type", "application/json").end(JSON.stringify(value));
}

/**
 * Sends back every message on `/socket`, and on `/greeting` bytes that are no WebSocket's before it hangs up;
 * the returned function drops who is connected.
 */
function acceptUpgrades(server: Server): () => void {
  const sockets = new WebSocketServer({ noServer: true });
  sockets.on("connection", (socket) =>
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary })),
  );
  server.on("upgrade", (request, socket, head) => {
    if (request.url === "/socket") {
      sockets.handleUpgrade(request, socket, head, (client) => sockets.emit("connection", client, request));
    } else {
      socket.end(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello",
      );
    }
  });
  return () => sockets.clients.forEach((socket) => void socket.terminate());
}
