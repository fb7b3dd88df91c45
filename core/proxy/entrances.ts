/** The listeners of a gateway, and the connections that came in by each of them. */
import type { Socket } from "node:net";
import { isDeepStrictEqual } from "node:util";
import type { Address, ListenerConfig } from "../config/model.ts";
import { ProxyError } from "../errors.ts";
import type { Listener } from "../net/listener.ts";
import { throttled } from "../net/throttle.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { DownstreamConnection } from "./client/connection.ts";
import { errorReply } from "./response/local-reply.ts";

/** How long a client over the connection limit may take to read its 503, in ms. */
const refusalTime = 1000;

/** Turns of the event loop for which shutdown goes on accepting while connections keep coming. */
const mostAcceptTurns = 256;

export interface EntranceServices {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Opens a listener; see `listen` in core/net/listener.ts. */
  readonly listen: (config: ListenerConfig, onConnection: (socket: Socket) => void) => Promise<Listener>;
  /** Serves a client that was let in. */
  readonly serve: (socket: Socket, scheme: "http" | "https") => DownstreamConnection;
  /** What the proxy calls itself to one that is not. */
  readonly via: () => string;
}

/** A listener with the connections that it accepted. */
interface Entrance {
  listener: Listener;
  readonly connections: Set<DownstreamConnection>;
}

/** By the names of their listeners. */
export type OpenEntrances = ReadonlyMap<string, Entrance>;

export class Entrances {
  private readonly services: EntranceServices;
  private current: OpenEntrances = new Map();
  /** Taken out of the config; their last connections are finishing. */
  private readonly retired = new Set<Entrance>();
  private readonly entranceOf = new WeakMap<DownstreamConnection, Entrance>();
  /** Connections so far, to see whether more come. */
  private accepted = 0;
  private onEmpty: (() => void) | null = null;
  private readonly reportFull: (listener: string) => void;

  constructor(services: EntranceServices) {
    this.services = services;
    this.reportFull = throttled((refused, listener: string) => {
      services.log.warn({ listener, refused }, "Too many connections; new ones are answered 503");
    });
  }

  addresses(): { name: string; address: Address }[] {
    return [...this.current].map(([name, { listener }]) => ({ name, address: listener.address }));
  }

  *connections(): Generator<DownstreamConnection> {
    for (const { connections } of [...this.current.values(), ...this.retired]) yield* connections;
  }

  /**
   * Opens what the config has anew; a listener whose address stays goes on with its connections. Nothing is closed
   * yet. What is returned is for `replaceBy`.
   *
   * @throws when a listener or a certificate fails; what was opened is closed then, and what was changed is as before
   */
  async prepare(configs: readonly ListenerConfig[]): Promise<OpenEntrances> {
    const next = new Map<string, Entrance>();
    const opened: Entrance[] = [];
    const before: ListenerConfig[] = [];
    try {
      for (const config of configs) {
        const current = this.current.get(config.name);
        if (current !== undefined && isDeepStrictEqual(current.listener.config.address, config.address)) {
          before.push(current.listener.config);
          await current.listener.update(config);
          next.set(config.name, current);
        } else {
          const entrance = await this.open(config);
          opened.push(entrance);
          next.set(config.name, entrance);
        }
      }
    } catch (error) {
      for (const { listener } of opened) await listener.close();
      // Where its old certificate is gone meanwhile, the new one has to do.
      for (const config of before)
        await this.current
          .get(config.name)
          ?.listener.update(config)
          .catch(() => {});
      throw error;
    }
    return next;
  }

  /** Closes those that are not among the new ones; their connections finish what they have begun. */
  async replaceBy(next: OpenEntrances): Promise<void> {
    for (const [name, entrance] of this.current) {
      if (next.get(name)?.connections !== entrance.connections) await this.abandon(entrance);
    }
    this.current = next;
  }

  /** Closes the listeners, not the connections. */
  async close(): Promise<void> {
    await Promise.all([...this.current.values()].map(({ listener }) => listener.close()));
  }

  /**
   * The kernel resets what it has established and nobody accepted when the door closes. libuv
   * accepts one connection a turn, so this goes on until a turn brings none.
   */
  async acceptEstablished(): Promise<void> {
    for (let turn = 0, before = -1; turn < mostAcceptTurns && before !== this.accepted; turn++) {
      before = this.accepted;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Resolves when the last connection is closed, or after `timeout` ms. */
  async untilEmpty(timeout: number): Promise<void> {
    if (this.connectionCount() === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeout);
      this.onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  onConnectionClosed(connection: DownstreamConnection): void {
    const entrance = this.entranceOf.get(connection);
    if (entrance === undefined || !entrance.connections.delete(connection)) return;
    if (entrance.connections.size === 0) this.retired.delete(entrance);
    this.services.metrics.connectionClosed();
    if (this.onEmpty !== null && this.connectionCount() === 0) this.onEmpty();
  }

  private async open(config: ListenerConfig): Promise<Entrance> {
    const connections = new Set<DownstreamConnection>();
    const entrance: Partial<Entrance> & { connections: typeof connections } = { connections };
    entrance.listener = await this.services.listen(config, (socket) =>
      this.accept(entrance as Entrance, socket),
    );
    return entrance as Entrance;
  }

  private accept(entrance: Entrance, socket: Socket): void {
    this.accepted++;
    const { config } = entrance.listener;
    if (entrance.connections.size >= config.maxConnections) {
      this.refuse(config, socket);
      return;
    }
    const connection = this.services.serve(socket, config.tls === null ? "http" : "https");
    entrance.connections.add(connection);
    this.entranceOf.set(connection, entrance);
    this.services.metrics.connectionOpened();
  }

  private refuse(config: ListenerConfig, socket: Socket): void {
    const message = `Listener ${config.name} has ${config.maxConnections} connections`;
    const error = new ProxyError("connections_exhausted", message, { source: "internal" });
    const context = { requestId: null, isHead: false, allow: null, connection: "close" } as const;
    // What the client has sent already is read, or the reset for it would overtake the reply.
    socket.resume();
    // Not the idle time of the socket: a client could prolong that for ever, past the limit.
    const deadline = setTimeout(() => socket.destroy(), refusalTime);
    socket.once("close", () => clearTimeout(deadline));
    socket.end(errorReply(error, { ...context, proxy: this.services.via() }), "latin1");
    this.services.metrics.messageRefused(error.code);
    this.reportFull(config.name);
  }

  private async abandon(entrance: Entrance): Promise<void> {
    await entrance.listener.close();
    if (entrance.connections.size > 0) this.retired.add(entrance);
    for (const connection of entrance.connections) connection.leave();
  }

  private connectionCount(): number {
    let count = 0;
    for (const { connections } of [...this.current.values(), ...this.retired]) count += connections.size;
    return count;
  }
}
