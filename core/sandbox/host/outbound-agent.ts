import type { Socket } from "node:net";
import { Agent, buildConnector } from "undici";
import { type AddressReach, isWithinReach } from "./outbound-address.ts";
import { type Grant, grantedReach } from "./outbound-grant.ts";
import { checkedLookup, type Resolve } from "./outbound-lookup.ts";
import { OutboundRefusal } from "./outbound-refusal.ts";
import { portNumber } from "./outbound-target.ts";

export interface OutboundOptions {
  readonly grants: readonly Grant[];
  readonly resolve: Resolve;
  /** Certificates to trust besides the runtime's own, in PEM. */
  readonly ca?: readonly string[] | undefined;
  readonly connectionsPerOrigin: number;
  readonly connectTimeoutMs: number;
  readonly responseHeadBytes: number;
}

type Connector = buildConnector.connector;

/** Origins with open connections at once; a wildcard grant must not make them countless. */
const maxOrigins = 256;

/**
 * Connections of one guest. They are shared with no other guest: one that was made under the grants
 * of another plugin must not serve this one.
 */
export function createOutboundAgent(options: OutboundOptions): Agent {
  return new Agent({
    connect: grantedConnector(options),
    connections: options.connectionsPerOrigin,
    pipelining: 1,
    maxOrigins,
    maxHeaderSize: options.responseHeadBytes,
    // One timer bounds the whole call.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

/** Looks at the grants once more: whatever led here, no socket opens to an origin without one. */
function grantedConnector(options: OutboundOptions): Connector {
  const connectors = {
    itself: plainConnector("itself", options),
    loopback: plainConnector("loopback", options),
    private: plainConnector("private", options),
    public: plainConnector("public", options),
  };
  return (to, callback) => {
    const reach = reachOf(options.grants, to);
    if (reach !== null) connectors[reach](to, callback);
    else queueMicrotask(() => callback(new OutboundRefusal("origin is not granted"), null));
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

function plainConnector(reach: AddressReach, options: OutboundOptions): Connector {
  const connect = buildConnector({
    allowH2: false,
    timeout: options.connectTimeoutMs,
    lookup: checkedLookup(reach, options.resolve),
    ...(options.ca && { ca: [...options.ca] }),
  } as buildConnector.BuildOptions);
  return (to, callback) =>
    connect(to, (...[error, socket]) => {
      if (error) return callback(error, null);
      if (isAtReachableAddress(reach, socket!)) return callback(null, socket!);
      socket!.destroy();
      callback(new OutboundRefusal("connection led to an address that was not checked"), null);
    });
}

/** A runtime that did not ask the lookup function is found out here, before a byte is sent. */
function isAtReachableAddress(reach: AddressReach, { remoteAddress }: Socket): boolean {
  return remoteAddress !== undefined && isWithinReach(reach, remoteAddress);
}
