import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { Server, TLSSocket } from "node:tls";
import type { ListenerTls } from "../../config/model.ts";
import type { Logger } from "../../observe/log.ts";
import { type DirectoryWatch, watchDirectoriesOf } from "../directory-watcher.ts";
import { ignoreError } from "../ignore-error.ts";
import { throttled } from "../throttle.ts";
import { createTlsServer, loadTlsMaterial, type TlsMaterial, tlsFiles } from "./tls.ts";

/** What clients that do not finish their handshake can hold of the proxy. */
export interface HandshakeLimits {
  /** Handshakes under way at once; a connection more is closed. Each takes 60 kB under Node 26. */
  readonly pending: number;
  /** From accepting a connection to the end of its handshake, ms. */
  readonly timeout: number;
}

const defaultLimits: HandshakeLimits = { pending: 2048, timeout: 10_000 };

/** What became of certificate files that changed on disk. */
export type CertificateEvent = "reloaded" | "refused";

export interface TerminatorOptions {
  /** Of the listener, for the log. */
  readonly name: string;
  readonly log: Logger;
  readonly onCertificates?: ((event: CertificateEvent) => void) | undefined;
  readonly limits?: HandshakeLimits;
}

/**
 * Turns accepted sockets into TLS sockets. It follows its certificate files: when they change, new
 * connections get the new certificates, open ones are not touched, and files that do not fit together
 * change nothing.
 */
export class TlsTerminator {
  readonly #onConnection: (socket: Socket) => void;
  readonly #options: TerminatorOptions;
  readonly #limits: HandshakeLimits;
  #material: TlsMaterial;
  #ticketKeys = randomBytes(48);
  #server: Server;
  #watch: DirectoryWatch;
  #refusal: string | null = null;
  /** Sockets accepted and sockets past the handshake, both still open: the rest is in the handshake. */
  #accepted = 0;
  #established = 0;
  readonly #reportOverflow = throttled<void>((connections) => {
    const { name, log } = this.#options;
    log.warn({ listener: name, connections, limit: this.#limits.pending }, "Too many TLS handshakes at once");
  });

  /** @throws TlsFileError when a file is unusable. */
  constructor(tls: ListenerTls, onConnection: (socket: Socket) => void, options: TerminatorOptions) {
    this.#onConnection = onConnection;
    this.#options = options;
    this.#limits = options.limits ?? defaultLimits;
    this.#material = loadTlsMaterial(tls);
    this.#server = this.#createServer(this.#material);
    this.#watch = this.#watchFiles();
  }

  accept(socket: Socket): void {
    if (this.#accepted - this.#established >= this.#limits.pending) {
      this.#reportOverflow();
      socket.destroy();
      return;
    }
    this.#accepted++;
    socket.on("close", this.#onAcceptedClose);
    this.#server.emit("connection", socket);
  }

  /**
   * Changes to other files or rules for new connections.
   *
   * @throws TlsFileError when a file is unusable; everything stays as it was.
   */
  update(tls: ListenerTls): void {
    this.#adopt(loadTlsMaterial(tls));
    const previous = this.#watch;
    this.#watch = this.#watchFiles();
    previous.close();
  }

  /** Stops following the files. Handshakes under way go on. */
  close(): void {
    this.#watch.close();
  }

  readonly #onAcceptedClose = (): void => {
    this.#accepted--;
  };

  readonly #onEstablishedClose = (): void => {
    this.#established--;
  };

  readonly #onSecure = (socket: TLSSocket): void => {
    this.#established++;
    socket.on("close", this.#onEstablishedClose);
    socket.on("error", ignoreError);
    this.#onConnection(socket);
  };

  readonly #onHandshakeFailed = (error: Error, socket: TLSSocket): void => {
    const { code } = error as NodeJS.ErrnoException;
    this.#options.log.debug({ listener: this.#options.name, code }, "TLS handshake failed");
    // A handshake that timed out leaves the socket open.
    socket.destroy();
  };

  #createServer(material: TlsMaterial): Server {
    const server = createTlsServer(material, this.#ticketKeys, this.#limits.timeout, this.#onSecure);
    server.on("tlsClientError", this.#onHandshakeFailed);
    server.on("error", ignoreError);
    return server;
  }

  #adopt(material: TlsMaterial): void {
    // A ticket proves a client certificate that was checked by the old rules.
    if (material.clientFingerprint !== this.#material.clientFingerprint) this.#ticketKeys = randomBytes(48);
    this.#server = this.#createServer(material);
    this.#material = material;
    this.#refusal = null;
  }

  #watchFiles(): DirectoryWatch {
    const { name, log } = this.#options;
    return watchDirectoriesOf(tlsFiles(this.#material.config), {
      changed: () => this.#lookAgain(),
      failed: (error) => log.warn({ listener: name, error: String(error) }, "Cannot watch certificate files"),
    });
  }

  #lookAgain(): void {
    const { name, log, onCertificates } = this.#options;
    try {
      const material = loadTlsMaterial(this.#material.config);
      if (material.fingerprint === this.#material.fingerprint) return;
      this.#adopt(material);
      log.info({ listener: name }, "Certificates reloaded");
      onCertificates?.("reloaded");
    } catch (error) {
      const { message } = error as Error;
      if (message === this.#refusal) return;
      this.#refusal = message;
      log.error({ listener: name }, `${message}; the previous certificates stay in use`);
      onCertificates?.("refused");
    }
  }
}
