import { once } from "node:events";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import type { Test } from "tap";
import { configFromFlags } from "../../core/config/from-flags.ts";
import type {
  Address,
  ClusterConfig,
  Config,
  ForwardingConfig,
  Limits,
  ListenerConfig,
  RouteConfig,
  Timeouts,
} from "../../core/config/model.ts";
import { listen } from "../../core/net/listener.ts";
import type { AccessRecord } from "../../core/observe/access-log.ts";
import { Metrics } from "../../core/observe/metrics.ts";
import { Gateway, type GatewayOptions } from "../../core/proxy/gateway.ts";
import { type RecordingLog, recordingLog } from "../net/recording-log.ts";
import { until } from "../net/until.ts";
import { type Message, readMessage } from "./message.ts";
import { RawPeer } from "./raw-peer.ts";

/** What differs from the configuration that `sluice --upstream` has. Nothing is retried where a test does not say so. */
export interface GatewaySettings {
  readonly listener?: Partial<ListenerConfig>;
  readonly cluster?: Partial<Omit<ClusterConfig, "timeouts">>;
  readonly clusterTimeouts?: Partial<ClusterConfig["timeouts"]>;
  readonly route?: Partial<RouteConfig>;
  readonly timeouts?: Partial<Timeouts>;
  readonly limits?: Partial<Limits>;
  readonly forwarding?: Partial<ForwardingConfig>;
  readonly shedding?: Config["shedding"];
}

export interface TestGateway {
  readonly gateway: Gateway;
  readonly address: Address;
  readonly log: RecordingLog;
  readonly metrics: Metrics;
  /** The proxy's side of the connections that it accepted. */
  readonly accepted: readonly Socket[];
  /** Access records, in order. */
  readonly records: readonly AccessRecord[];
  /** The access record of the n-th finished exchange, counted from 1. */
  record(n: number): Promise<AccessRecord>;
  /** Opens a connection. */
  connect(): Promise<RawPeer>;
  /** Sends a request on a connection of its own and reads the response. */
  ask(request: string): Promise<Message>;
}

/** What a gateway with plugins has besides. */
export interface PluginParts extends Pick<GatewayOptions, "bundle" | "policyServices"> {
  readonly change: (config: Config) => Config;
}

/**
 * Runs a gateway in front of the endpoints, in this process, until the test ends.
 *
 * @param parts null: it has no plugins
 */
export async function startGateway(
  t: Test,
  endpoints: Address | readonly Address[],
  settings: GatewaySettings = {},
  parts: PluginParts | null = null,
): Promise<TestGateway> {
  const base = testConfig(Array.isArray(endpoints) ? endpoints : [endpoints as Address], settings);
  const { change, ...plugins } = parts ?? { change: () => base };
  const config = change(base);
  const log = recordingLog();
  const metrics = new Metrics();
  const records: AccessRecord[] = [];
  const accepted: Socket[] = [];
  const recorded = (onConnection: (socket: Socket) => void) => (socket: Socket) => {
    accepted.push(socket);
    onConnection(socket);
  };
  const gateway = new Gateway({
    ...plugins,
    config,
    log,
    metrics,
    accessLog: { write: (record) => void records.push(record) },
    listen: (listener, onConnection) => listen(listener, recorded(onConnection), { log }),
  });
  await gateway.start();
  t.teardown(() => gateway.close());
  const { address } = gateway.addresses()[0]!;
  const open = () => openPeer(t, address);
  return {
    ...{ gateway, address, log, metrics, records, accepted },
    async record(n) {
      await until(() => records.length >= n);
      return records[n - 1]!;
    },
    connect: open,
    async ask(request) {
      const client = await open();
      client.write(request);
      const response = await readMessage(client, { bodyless: request.startsWith("HEAD ") });
      client.socket.destroy();
      return response;
    },
  };
}

/** Opens a connection that ends with the test. The client's own half stays open when the other side ends. */
export async function openPeer(t: Test, address: Address): Promise<RawPeer> {
  const options: NetConnectOpts = { ...address, allowHalfOpen: true, noDelay: true };
  const socket = connect(options);
  await once(socket, "connect");
  t.teardown(() => socket.destroy());
  return new RawPeer(socket);
}

/** `GET` of a path, with any further fields. */
export function get(path = "/", ...fields: string[]): string {
  return `GET ${path} HTTP/1.1\r\n${["Host: a.test", ...fields].join("\r\n")}\r\n\r\n`;
}

function testConfig(endpoints: readonly Address[], settings: GatewaySettings): Config {
  const upstreams = endpoints.map((address) => {
    const authority = "path" in address ? "localhost" : `${address.host}:${address.port}`;
    return { address, weight: 1, zone: null, priority: 0, authority, secure: false };
  });
  const base = configFromFlags({ upstreams, listen: { host: "127.0.0.1", port: 0 }, admin: null });
  const [listener, cluster, route] = [base.listeners[0]!, base.clusters[0]!, base.routes[0]!];
  const timeouts = { ...cluster.timeouts, ...settings.clusterTimeouts };
  return {
    ...base,
    listeners: [{ ...listener, ...settings.listener }],
    clusters: [{ ...cluster, ...settings.cluster, timeouts }],
    routes: [{ ...route, retry: null, ...settings.route }],
    timeouts: { ...base.timeouts, ...settings.timeouts },
    limits: { ...base.limits, ...settings.limits },
    shedding: settings.shedding ?? null,
    forwarding: { ...base.forwarding, via: "here", ...settings.forwarding },
  };
}
