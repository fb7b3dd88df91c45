import type { Socket } from "node:net";
import type { ListenerConfig } from "../config/model.ts";
import { openConnection } from "../net/connector.ts";
import type { Listener } from "../net/listener.ts";
import type { Reactor } from "../net/reactor.ts";
import type { TlsFacts } from "../net/tls/facts.ts";
import { socketPair } from "./memory-socket.ts";
import { type Service, serve } from "./service.ts";

/** Listeners and endpoints within this process. */
export class MemoryNetwork {
  private readonly doors = new Map<string, (socket: Socket) => void>();
  private readonly services = new Map<string, Service>();
  private readonly onError: (error: unknown) => void;

  /** @param onError what a service throws */
  constructor(onError: (error: unknown) => void) {
    this.onError = onError;
  }

  /** @param host name that only this network knows */
  addService(host: string, service: Service): void {
    this.services.set(host, service);
  }

  /** As the gateway wants it. A listener with TLS gets what TLS would have taken off. */
  readonly listen = async (
    config: ListenerConfig,
    onConnection: (socket: Socket) => void,
  ): Promise<Listener> => {
    const { doors } = this;
    doors.set(config.name, onConnection);
    return {
      config,
      address: config.address,
      async update() {},
      async close() {
        doors.delete(config.name);
      },
    };
  };

  /**
   * A client's connection.
   *
   * @param address of the client
   * @param tls null: it is not encrypted
   * @throws TypeError when nobody listens
   */
  connectTo(listener: string, address: string, tls: TlsFacts | null): Socket {
    const accept = this.doors.get(listener);
    if (accept === undefined) throw new TypeError("The gateway is closed");
    const { near, far } = socketPair(address, tls);
    accept(far);
    return near;
  }

  /** As the reactor wants it: to a service, or to an endpoint outside. */
  readonly connect: Reactor["connect"] = (target, read) => {
    const { address } = target;
    const service = "host" in address ? this.services.get(address.host) : undefined;
    if (service === undefined) return openConnection(target, read);
    const { near, far } = socketPair("127.0.0.1");
    serve(far, service, this.onError);
    near.on("data", (bytes: Uint8Array) => {
      if (!read.callback(bytes.length, bytes)) near.pause();
    });
    near.on("error", () => {});
    setImmediate(() => near.emit("connect"));
    return near;
  };
}
