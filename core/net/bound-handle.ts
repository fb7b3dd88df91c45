import type { SendHandle } from "node:child_process";
import { lookup } from "node:dns/promises";
import * as net from "node:net";
import { getSystemErrorName } from "node:util";
import type { Address } from "../config/model.ts";
import { ListenError, toListenError } from "./listen-error.ts";
import { claimSocketPath, shareSocketPath } from "./socket-path.ts";

/**
 * A socket that is bound and not accepted from. The process that binds it outlives the one that it
 * passes it to: when that one is killed, connections that nobody had accepted yet wait in the kernel for
 * its successor, and new ones are not refused.
 *
 * To pass it: `child.send(message, bound.handle)`; the child's `message` listener gets a handle for
 * `listen(config, onConnection, { handle })`. A thread of the child adopts the descriptor instead, as
 * `descriptorOf` tells.
 */
export interface BoundHandle {
  /** Port 0 has become the port that the system chose. */
  readonly address: Address;
  readonly handle: SendHandle;
  /**
   * Lets go of the socket; a Unix socket's file is removed. Until then the kernel goes on completing handshakes,
   * also when nobody accepts any more: to stop, close this before the listener of the other process.
   */
  close(): void;
}

/**
 * What Node's cluster module binds with. It is not documented; `net.BoundSocket`, which is, is younger than
 * Node 24 and lost to this process once it was sent.
 */
interface NativeHandle {
  /** Absent where a socket cannot be passed to another process. */
  readonly fd?: number;
  getsockname(out: { port?: number }): number;
  close(): void;
}

/** @returns the negated errno when binding fails. */
type CreateServerHandle = (
  address: string,
  port: number,
  addressType: 4 | 6 | -1,
  fd?: number,
  flags?: number,
) => NativeHandle | number;

const createServerHandle = (net as unknown as { _createServerHandle?: CreateServerHandle })
  ._createServerHandle;

/** `UV_TCP_REUSEPORT` of libuv. */
const reusePortFlag = 2;

/**
 * Whether this runtime can bind a socket and pass it on: Node can on anything but Windows, Deno cannot.
 * Where it is false the data process binds by itself.
 */
export function canPassHandles(): boolean {
  const handle = createServerHandle?.("127.0.0.1", 0, 4);
  if (handle === undefined || typeof handle === "number") return false;
  const isPassable = handle.fd !== undefined && handle.fd >= 0;
  handle.close();
  return isPassable;
}

/**
 * Binds without accepting.
 *
 * @param options `reusePort`: others of the same user may bind the address too, one for each thread.
 * @throws ListenError when the address cannot be had.
 */
export async function bindHandle(
  address: Address,
  options: { readonly reusePort: boolean },
): Promise<BoundHandle> {
  return "path" in address ? bindPath(address) : await bindPort(address, options.reusePort);
}

/**
 * Binds one handle for each of `count` threads. Over a TCP address the kernel spreads connections by
 * `SO_REUSEPORT`; that option would also join a stranger's group in silence, so the address is first bound
 * without it. Threads share the queue of a Unix socket: its handle is passed as often as there are threads.
 *
 * @throws ListenError when the address cannot be had.
 */
export async function bindHandles(address: Address, count: number): Promise<BoundHandle[]> {
  const first = await bindHandle(address, { reusePort: false });
  if (count === 1) return [first];
  if ("path" in first.address) return Array.from({ length: count }, () => first);
  first.close();
  const bound: BoundHandle[] = [];
  try {
    while (bound.length < count) bound.push(await bindHandle(first.address, { reusePort: true }));
    return bound;
  } catch (error) {
    for (const handle of bound) handle.close();
    throw error;
  }
}

/**
 * The file descriptor of a handle that came from the parent process, for `listen({ handle: { fd } })` on
 * another thread. That thread then owns it: the handle must be neither closed nor listened on here.
 */
export function descriptorOf(handle: unknown): number {
  const { fd } = handle as NativeHandle;
  if (fd === undefined || fd < 0)
    throw new TypeError("Cannot pass a socket to a thread: it has no descriptor");
  return fd;
}

async function bindPort(address: { host: string; port: number }, reusePort: boolean): Promise<BoundHandle> {
  const { host, family } = await resolveHost(address);
  const handle = create(address, host, address.port, family, reusePort ? reusePortFlag : 0);
  const name: { port?: number } = {};
  // libuv keeps EADDRINUSE back until the handle is used for something.
  const errno = handle.getsockname(name);
  if (errno !== 0) {
    handle.close();
    throw new ListenError(getSystemErrorName(errno), address);
  }
  return boundHandle(handle, { host: address.host, port: name.port! });
}

async function bindPath(address: { path: string }): Promise<BoundHandle> {
  await claimSocketPath(address.path);
  const handle = create(address, address.path, -1, -1, 0);
  shareSocketPath(address.path);
  return boundHandle(handle, address);
}

function create(address: Address, name: string, port: number, type: 4 | 6 | -1, flags: number): NativeHandle {
  if (createServerHandle === undefined) throw new ListenError("ENOSYS", address);
  const handle = createServerHandle(name, port, type, undefined, flags);
  if (typeof handle === "number") throw new ListenError(getSystemErrorName(handle), address);
  return handle;
}

function boundHandle(handle: NativeHandle, address: Address): BoundHandle {
  return { address, handle: handle as unknown as SendHandle, close: () => handle.close() };
}

async function resolveHost(address: {
  host: string;
  port: number;
}): Promise<{ host: string; family: 4 | 6 }> {
  const { host } = address;
  const literal = net.isIP(host);
  if (literal !== 0) return { host, family: literal === 4 ? 4 : 6 };
  try {
    const found = await lookup(host);
    return { host: found.address, family: found.family === 4 ? 4 : 6 };
  } catch (error) {
    throw toListenError(error, address);
  }
}
