import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { isDeepStrictEqual } from "node:util";
import type { Address, ListenerConfig, ListenerTls } from "../config/model.ts";
import type { Logger } from "../observe/log.ts";
import { ignoreError } from "./ignore-error.ts";
import { acceptDirectly } from "./incoming.ts";
import { toListenError } from "./listen-error.ts";
import { claimSocketPath, shareSocketPath } from "./socket-path.ts";
import { throttled } from "./throttle.ts";
import { type CertificateEvent, TlsTerminator } from "./tls/terminator.ts";

/** Connections that wait in the kernel to be accepted; the system lowers it to `net.core.somaxconn`. */
const backlog = 4096;

export interface ListenOptions {
  readonly log: Logger;
  /** A bound socket from the parent process, or `{ fd }`: adopted instead of binding the address. */
  readonly handle?: unknown;
  /** Lets every reactor bind the address; the kernel spreads connections over them. */
  readonly reusePort?: boolean;
  /** Called when certificate files changed on disk. */
  readonly onCertificates?: (event: CertificateEvent) => void;
}

export interface Listener {
  readonly config: ListenerConfig;
  /** As bound: port 0 has become the port that the system chose. */
  readonly address: Address;
  /**
   * Other limits or TLS files on the same address, without binding again. Open connections stay as they are.
   *
   * @throws TlsFileError when a file is unusable; everything stays as it was.
   */
  update(config: ListenerConfig): Promise<void>;
  /** Stops accepting. Open connections go on. */
  close(): Promise<void>;
}

/**
 * Accepts connections on a TCP address or a Unix socket, in plain text or TLS, and hands each over when
 * it is ready to be read, by `readFrom` of incoming.ts. A socket handed over has an `error` listener; its `close` event always comes.
 *
 * @throws ListenError when the address cannot be had.
 * @throws TlsFileError when a certificate, key or authority file is unusable.
 * @example
 * const listener = await listen(config, (socket) => socket.end("hello\n"), { log });
 */
export async function listen(
  config: ListenerConfig,
  onConnection: (socket: Socket) => void,
  options: ListenOptions,
): Promise<Listener> {
  const listener = new SocketListener(config, onConnection, options);
  await listener.bind();
  return listener;
}

class SocketListener implements Listener {
  config: ListenerConfig;
  address: Address;
  readonly #onConnection: (socket: Socket) => void;
  readonly #options: ListenOptions;
  readonly #server: Server;
  #terminator: TlsTerminator | null;

  constructor(config: ListenerConfig, onConnection: (socket: Socket) => void, options: ListenOptions) {
    this.config = config;
    this.address = config.address;
    this.#onConnection = onConnection;
    this.#options = options;
    this.#terminator = config.tls === null ? null : this.#createTerminator(config.tls);
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  async bind(): Promise<void> {
    try {
      this.address = await bind(this.#server, this.config.address, this.#options);
    } catch (error) {
      this.#terminator?.close();
      throw toListenError(error, this.config.address);
    }
    acceptDirectly(
      this.#server,
      (socket) => this.#accept(socket),
      () => this.#terminator === null,
    );
    this.#server.on("error", reportAcceptErrors(this.config.name, this.#options.log));
  }

  async update(config: ListenerConfig): Promise<void> {
    if (!isDeepStrictEqual(config.tls, this.config.tls)) this.#changeTls(config.tls);
    this.config = config;
  }

  async close(): Promise<void> {
    this.#terminator?.close();
    // Its callback would wait for the open connections.
    this.#server.close();
  }

  #accept(socket: Socket): void {
    socket.on("error", ignoreError);
    if (this.#terminator === null) this.#onConnection(socket);
    else this.#terminator.accept(socket);
  }

  #changeTls(tls: ListenerTls | null): void {
    if (tls !== null && this.#terminator !== null) {
      this.#terminator.update(tls);
      return;
    }
    this.#terminator?.close();
    this.#terminator = tls === null ? null : this.#createTerminator(tls);
  }

  #createTerminator(tls: ListenerTls): TlsTerminator {
    const { log, onCertificates } = this.#options;
    return new TlsTerminator(tls, this.#onConnection, { name: this.config.name, log, onCertificates });
  }
}

async function bind(server: Server, address: Address, options: ListenOptions): Promise<Address> {
  if (options.handle !== undefined) {
    server.listen(options.handle, backlog);
    await once(server, "listening");
  } else if ("path" in address) {
    await claimSocketPath(address.path);
    server.listen({ path: address.path, backlog });
    await once(server, "listening");
    shareSocketPath(address.path);
  } else {
    server.listen({ ...address, backlog, reusePort: options.reusePort ?? false });
    await once(server, "listening");
  }
  return "path" in address ? address : { host: address.host, port: (server.address() as AddressInfo).port };
}

/** Out of kernel memory, for example. Connections that no descriptor is left for, libuv closes by itself. */
function reportAcceptErrors(listener: string, log: Logger): (error: NodeJS.ErrnoException) => void {
  return throttled((failures, { code }) => {
    log.error({ listener, code, failures }, "Cannot accept connections");
  });
}
