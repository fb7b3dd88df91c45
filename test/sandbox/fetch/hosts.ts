import { createServer, type RequestListener, type Server } from "node:http";
import type { Test } from "tap";
import type { FetchHost } from "../../../core/sandbox/host/fetch/fetch.ts";
import type { FetchReply } from "../../../core/sandbox/host/fetch/message.ts";
import { createNetworkFetchHost, type NetworkOptions } from "../../../core/sandbox/host/fetch/network.ts";
import { joinTexts, splitTexts } from "../../../sdk/runtime/text-pair.ts";
import { listenLocally } from "../../support/free-port.ts";

/** A server on loopback for the length of a test. */
export async function startServer(
  t: Test,
  listener: RequestListener,
): Promise<{ origin: string; server: Server }> {
  const server = createServer(listener);
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${await listenLocally(server)}`, server };
}

/** ms that a short body takes at most on a machine that is busy with other things. */
const headWaitMs = 2000;

/** The host's side of fetch for the length of a test. */
export function startHost(t: Test, options: NetworkOptions): FetchHost {
  const host = createNetworkFetchHost({ ...options, limits: { headWaitMs, ...options.limits } });
  t.teardown(() => host.dispose());
  return host;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly redirect?: string;
  readonly body?: string | Uint8Array | "stream";
  /** Its id; counted up unless given. */
  readonly id?: number;
}

let lastId = 1000;

/** What a guest sends for a fetch. */
export function requestText(
  url: string,
  { method = "GET", headers = [], redirect = "follow", body }: Ask,
): string {
  const kind =
    body === undefined ? "none" : body === "stream" ? "stream" : typeof body === "string" ? "text" : "bytes";
  const head = JSON.stringify({ method, url, headers, redirect, body: kind });
  return joinTexts(head, kind === "text" ? (body as string) : "");
}

export interface Answer extends FetchReply {
  readonly id: number;
  /** What followed the head. */
  readonly content: string;
}

/** Asks as a guest's runtime does, and reads the reply. */
export async function ask(host: FetchHost, url: string, options: Ask = {}): Promise<Answer> {
  const id = options.id ?? ++lastId;
  const bytes = options.body instanceof Uint8Array ? options.body : undefined;
  return { id, ...parseReply(await host.fetch(requestText(url, options), bytes, id)) };
}

function parseReply(text: string): FetchReply & { content: string } {
  const [head, content] = splitTexts(text)!;
  return { ...JSON.parse(head!), content };
}

/** Reads the body of a call in parts. */
export async function readParts(host: FetchHost, id: number): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for (;;) {
    const part = await host.fetchRead(`${id} next`, undefined, ++lastId);
    if (typeof part === "string") return parts;
    parts.push(part);
  }
}
