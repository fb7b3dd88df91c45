import { once } from "node:events";
import { createServer, type ListenOptions, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import type { Test } from "tap";
import type { Address } from "../../core/config/model.ts";
import { type Message, readMessage } from "./message.ts";
import { PeerEnded, RawPeer } from "./raw-peer.ts";

/** A service that does what the test tells it, byte by byte. */
export interface RawUpstream {
  readonly address: Address;
  /** Connections accepted so far, the closed ones too. */
  readonly connections: readonly RawPeer[];
  /** The next connection that no one took yet. */
  connection(): Promise<RawPeer>;
  /** Takes the next connection and reads its first request. */
  request(): Promise<{ readonly request: Message; readonly peer: RawPeer }>;
}

/** What to send for a request; null: nothing. */
export type Answer = (request: Message, peer: RawPeer) => string | null | Promise<string | null>;

/**
 * Starts an upstream on a port of its own, until the test ends.
 *
 * @param answer to every request; without it the test takes the connections and answers by itself
 */
export async function startUpstream(
  t: Test,
  answer?: Answer,
  options: { readonly tls?: TlsOptions } = {},
): Promise<RawUpstream> {
  const connections: RawPeer[] = [];
  let taken = 0;
  let arrived = Promise.withResolvers<void>();
  const accept = (socket: Socket) => {
    const peer = new RawPeer(socket);
    connections.push(peer);
    arrived.resolve();
    arrived = Promise.withResolvers();
    if (answer !== undefined) void serve(peer, answer);
  };
  const server = options.tls
    ? createTlsServer(options.tls, accept)
    : createServer({ noDelay: true, allowHalfOpen: true }, accept);
  const port = await listenOn(t, server, { host: "127.0.0.1", port: 0 });
  t.teardown(() => connections.forEach(({ socket }) => void socket.destroy()));
  const connection = async () => {
    while (taken === connections.length) await arrived.promise;
    return connections[taken++]!;
  };
  return {
    address: { host: "127.0.0.1", port },
    connections,
    connection,
    async request() {
      const peer = await connection();
      return { request: await readMessage(peer), peer };
    },
  };
}

async function listenOn(t: Test, server: Server, options: ListenOptions): Promise<number> {
  server.listen(options);
  await once(server, "listening");
  t.teardown(() => server.close());
  const address = server.address();
  return address === null || typeof address === "string" ? 0 : address.port;
}

async function serve(peer: RawPeer, answer: Answer): Promise<void> {
  try {
    for (;;) {
      const reply = await answer(await readMessage(peer), peer);
      if (reply !== null) peer.write(reply);
    }
  } catch (error) {
    if (!(error instanceof PeerEnded)) throw error;
    peer.close();
  }
}

/** A response with a body of known length. */
export function ok(body = "", ...fields: string[]): string {
  const lines = ["HTTP/1.1 200 OK", ...fields, `Content-Length: ${body.length}`];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}
