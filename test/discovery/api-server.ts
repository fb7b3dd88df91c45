import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Test } from "tap";
import { listenLocally } from "../support/free-port.ts";

export interface Asked {
  readonly url: URL;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** An HTTP API whose questions the test answers one by one. */
export class ApiServer {
  /** Path and query of each question. */
  readonly paths: string[] = [];
  readonly #waiting: Asked[] = [];
  #taking: ((asked: Asked) => void)[] = [];
  #port = 0;
  #scheme = "http";

  static async start(t: Test, tls?: { readonly cert: Buffer; readonly key: Buffer }): Promise<ApiServer> {
    const api = new ApiServer();
    const listener: RequestListener = (request, response) => api.#take(request, response);
    const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    api.#scheme = tls === undefined ? "http" : "https";
    api.#port = await listenLocally(server);
    t.teardown(() => {
      server.closeAllConnections();
      server.close();
    });
    return api;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}`;
  }

  /** How many questions nobody has answered yet. */
  get unanswered(): number {
    return this.#waiting.length;
  }

  /** The next question, when it comes. */
  async next(): Promise<Asked> {
    const alive = setInterval(() => {}, 60_000);
    const asked =
      this.#waiting.shift() ?? (await new Promise<Asked>((resolve) => this.#taking.push(resolve)));
    clearInterval(alive);
    return asked;
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const asked = { url: new URL(request.url ?? "/", this.url), request, response };
    this.paths.push(request.url ?? "");
    response.on("error", () => {});
    const taking = this.#taking.shift();
    if (taking === undefined) this.#waiting.push(asked);
    else taking(asked);
  }
}

/** Waits until the one who asked has gone away. */
export function untilGone({ response }: Asked): Promise<void> {
  return new Promise((resolve) => {
    if (response.closed) resolve();
    else response.once("close", () => resolve());
  });
}
