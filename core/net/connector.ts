import * as net from "node:net";
import * as tls from "node:tls";
import { formatAddress, isHostName } from "../config/address.ts";
import type { Address } from "../config/model.ts";
import { ProxyError } from "../errors.ts";
import { ignoreError } from "./ignore-error.ts";
import type { ClientTls } from "./tls/client-tls.ts";

export { toConnectError } from "./connect-error.ts";
export { type ClientTls, prepareClientTls } from "./tls/client-tls.ts";

export interface ConnectTarget {
  readonly address: Address;
  /** Of `prepareClientTls`, or null for plain text. */
  readonly tls: ClientTls | null;
  /** Finds the addresses of a name; absent: the system does. */
  readonly lookup?: net.LookupFunction;
}

/** Where the bytes of a connection go. Both are called without `this`. */
export interface ReadHandler {
  /**
   * Memory for the next read, asked for when the connection opens and again after each read: the connection
   * holds it in between, so while it does nothing else may use it.
   */
  readonly buffer: () => Uint8Array;
  /**
   * Takes `nread` bytes from the start of `buffer`: what `buffer()` gave or, under TLS, memory of its own.
   * False pauses: it is not called again before `socket.resume()`.
   */
  readonly callback: (nread: number, buffer: Uint8Array) => boolean;
}

/**
 * How long one address of a name may take when it has others, ms. Some choice among addresses is needed:
 * `localhost` is `::1` first on most systems, and many services listen on 127.0.0.1 only. Node's 250 ms
 * would pass over a distant endpoint; this leaves room for one lost SYN, which the kernel repeats after 1 s.
 */
const attemptTimeout = 1500;

/**
 * Opens a connection. The socket is returned at once and is ready at its event {@link readyEvent}; a failure
 * before that arrives as `error`, for `toConnectError`, and `close`. An `end` of the other side ends it.
 *
 * @example
 * const socket = openConnection({ address: { host: "127.0.0.1", port: 3000 }, tls: null }, read);
 * socket.once("connect", () => socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
 */
export function openConnection(target: ConnectTarget, read: ReadHandler): net.Socket {
  if (!isConnectable(target.address)) return failedSocket(target.address);
  const socket = target.tls === null ? openPlain(target, read) : openTls(target, target.tls, read);
  socket.on("error", ignoreError);
  socket.setNoDelay(true);
  return socket;
}

/** The event after which a connection to the target may be written to. */
export function readyEvent(target: ConnectTarget): "connect" | "secureConnect" {
  return target.tls === null ? "connect" : "secureConnect";
}

function openPlain(target: ConnectTarget, read: ReadHandler): net.Socket {
  const onread = {
    buffer: nextBuffer(read),
    callback: (nread: number, buffer: Uint8Array) => read.callback(nread, buffer),
  };
  return net.connect({ ...destination(target), onread });
}

/** Node hands each answer down to libuv, at a price; it keeps the buffer that it has when there is none. */
function nextBuffer(read: ReadHandler): () => Uint8Array {
  let current: Uint8Array | null = null;
  return () => {
    const next = read.buffer();
    if (next === current) return null as unknown as Uint8Array;
    current = next;
    return next;
  };
}

/**
 * Under TLS `onread` keeps delivering records that are already decrypted after its callback returned false,
 * so here the stream does the pausing.
 */
function openTls(target: ConnectTarget, client: ClientTls, read: ReadHandler): net.Socket {
  const session = client.session === undefined ? {} : { session: client.session };
  const socket = tls.connect({ ...client.options, ...destination(target), ...session });
  socket.on("session", client.rememberSession);
  socket.on("data", (chunk: Uint8Array) => {
    if (!read.callback(chunk.length, chunk)) socket.pause();
  });
  return socket;
}

function destination({ address, lookup }: ConnectTarget): net.NetConnectOpts {
  if ("path" in address) return { path: address.path };
  return {
    ...address,
    ...(lookup !== undefined && { lookup }),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: attemptTimeout,
  };
}

/** A name with a NUL or other bytes that no name has never reaches the resolver (CVE-2026-48930). */
function isConnectable(address: Address): boolean {
  if ("path" in address) return address.path !== "" && !address.path.includes("\0");
  return net.isIP(address.host) !== 0 || isHostName(address.host);
}

function failedSocket(address: Address): net.Socket {
  const socket = new net.Socket();
  socket.on("error", ignoreError);
  const endpoint = JSON.stringify(formatAddress(address));
  return socket.destroy(
    new ProxyError("name_unresolved", `Cannot connect to ${endpoint}: not a host name or address`, {
      source: "upstream",
      retry: "safe",
    }),
  );
}
