import type { Socket } from "node:net";
import { Agent, buildConnector } from "undici";
import { type AddressReach, isWithinReach } from "./address.ts";
import { type Grant, grantedReach } from "./grant.ts";
import { checkedLookup, type Resolve } from "./lookup.ts";
import { OutboundRefusal } from "./refusal.ts";
import { portNumber } from "./target.ts";
import { trustOptions } from "./trust.ts";

export interface OutboundOptions {
  readonly grants: readonly Grant[];
  readonly resolve: Resolve;
  /** Certificates to trust besides the runtime's own, in PEM; read once for each such list. */
  readonly ca?: readonly string[] | undefined;
  readonly connectionsPerOrigin: number;
  readonly connectTimeoutMs: number;
  readonly responseHeadBytes: number;
}

type Connector = buildConnector.connector;

/** Origins with open connections at once; a wildcard grant must not make them countless. */
const maxOrigins = 256;
/** ms that a connection is kept without use, whatever its server offers. */
const longestIdleMs = 30_000;

/** Connections of one guest. */
export interface OutboundAgent {
  readonly agent: Agent;
  /** Closes all connections, also those that are being made. */
  destroy(): Promise<void>;
}

/**
 * Makes the connections of one guest. They are shared with no other guest: one that was made under the
 * grants of another plugin must not serve this one.
 */
export function createOutboundAgent(options: OutboundOptions): OutboundAgent {
  const connecting = new Set<Socket>();
  const agent = new Agent({
    connect: grantedConnector(options, connecting),
    connections: options.connectionsPerOrigin,
    pipelining: 1,
    maxOrigins,
    keepAliveMaxTimeout: longestIdleMs,
    maxHeaderSize: options.responseHeadBytes,
    // One timer bounds the whole call.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    agent,
    async destroy() {
      const destroyed = agent.destroy();
      // undici waits for these, and a resolver may take its time.
      for (const socket of connecting) socket.destroy(new Error("agent was destroyed"));
      await destroyed;
    },
  };
}

/** Looks at the grants once more: whatever led here, no socket opens to an origin without one. */
function grantedConnector(options: OutboundOptions, connecting: Set<Socket>): Connector {
  const connectors = new Map<AddressReach, Connector>();
  return (to, callback) => {
    const reach = reachOf(options.grants, to);
    if (reach === null)
      return queueMicrotask(() => callback(new OutboundRefusal("origin is not granted"), null));
    const connect = connectors.get(reach) ?? checkedConnector(reach, options, connecting);
    connectors.set(reach, connect);
    connect(to, callback);
  };
}

function reachOf(
  grants: readonly Grant[],
  { protocol, hostname, port }: buildConnector.Options,
): AddressReach | null {
  if (protocol !== "http:" && protocol !== "https:") return null;
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return grantedReach(grants, { protocol, host, port: portNumber(protocol, port) });
}

function checkedConnector(reach: AddressReach, options: OutboundOptions, connecting: Set<Socket>): Connector {
  // Its types leave out that it returns the socket.
  const connect = buildConnector({
    allowH2: false,
    timeout: options.connectTimeoutMs,
    lookup: checkedLookup(reach, options.resolve),
    ...trustOptions(options.ca),
  } as buildConnector.BuildOptions) as unknown as (...args: Parameters<Connector>) => Socket;
  return (to, callback) => {
    const attempt = connect(to, (...[error, socket]) => {
      connecting.delete(attempt);
      if (error) return callback(error, null);
      if (isAtReachableAddress(reach, socket!)) return callback(null, socket!);
      socket!.destroy();
      callback(new OutboundRefusal("connection led to an address that was not checked"), null);
    });
    connecting.add(attempt);
  };
}

/** A runtime that did not ask the lookup function is found out here, before a byte is sent. */
function isAtReachableAddress(reach: AddressReach, { remoteAddress }: Socket): boolean {
  return remoteAddress !== undefined && isWithinReach(reach, remoteAddress);
}
