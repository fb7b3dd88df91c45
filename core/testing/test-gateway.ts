import { isIP, type Socket } from "node:net";
import { formatAddress } from "../config/address.ts";
import type { Config } from "../config/model.ts";
import { remoteStores } from "../data/open-store.ts";
import { readPluginAnswer } from "../discovery/plugin-answer.ts";
import type { AccessRecord } from "../observe/access-log.ts";
import type { Logger } from "../observe/log.ts";
import { Metrics } from "../observe/metrics.ts";
import type { PolicyBundle } from "../policy/bundle.ts";
import type { SharedServices } from "../policy/guest/services.ts";
import { Gateway } from "../proxy/gateway.ts";
import { engineFor } from "../sandbox/engines.ts";
import { memoryStores } from "../store/stores.ts";
import { callerOf } from "./caller.ts";
import { chosenEngine } from "./chosen-engine.ts";
import { ask } from "./client.ts";
import { demandOptions } from "./demand-options.ts";
import { GuestTimers } from "./guest-timers.ts";
import { loadFailure } from "./load-failure.ts";
import { MemoryNetwork } from "./memory-network.ts";
import { keyValuesOf, Observed } from "./observed.ts";
import { type PluginSet, readPlugins } from "./plugin-set.ts";
import { stubOutbound } from "./stub-fetch.ts";
import { JumpingClock } from "./test-clock.ts";
import { baseConfig, withPlugins } from "./test-config.ts";
import type { PluginEntry, TestEndpoint, TestGateway, TestGatewayOptions } from "./types.ts";

const defaultClient = "127.0.0.1";
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Starts a gateway with plugins in this process. It is the real one, from the bytes of the request to those of
 * the response, and the plugins run in their real sandbox; only sockets are replaced, so no port is opened.
 *
 * @throws Error when a plugin cannot be loaded; its message shows the place in the author's file
 * @example
 * await using gateway = await testGateway({
 *   plugins: [["./tenant.ts", { header: "x-org" }]],
 *   upstream: (request) => Response.json({ tenant: request.headers.get("x-tenant") }),
 * });
 * const response = await gateway.fetch("/", { headers: { "x-org": "acme" } });
 * assert.deepEqual(await response.json(), { tenant: "acme" });
 */
export async function testGateway(options: TestGatewayOptions): Promise<TestGateway> {
  const base = String(options.from ?? callerOf(import.meta.url, new Error().stack) ?? "") || null;
  demandOptions(options);
  const gateway = new MemoryGateway(options, base);
  await gateway.start();
  return gateway;
}

class MemoryGateway implements TestGateway {
  readonly clock: TestGateway["clock"];
  readonly records: AccessRecord[] = [];
  readonly kv: TestGateway["kv"];
  private readonly options: TestGatewayOptions;
  private readonly base: string | null;
  private readonly time: JumpingClock;
  private readonly observed = new Observed();
  private readonly network: MemoryNetwork;
  private readonly config: Config;
  private readonly services: SharedServices;
  private gateway: Gateway | null = null;
  private bundle: PolicyBundle | null = null;
  /** What went wrong in stand-ins and has not been told yet. */
  private standInErrors: unknown[] = [];

  constructor(options: TestGatewayOptions, base: string | null) {
    this.options = options;
    this.base = base;
    const time = new JumpingClock(options.clock !== "stopped");
    this.time = time;
    this.clock = { now: time.now, advance: (ms) => this.advance(ms) };
    const onError = (error: unknown) => void this.standInErrors.push(error);
    this.network = new MemoryNetwork(onError);
    this.config = baseConfig(options, this.network);
    const stores = memoryStores(time.now);
    this.kv = keyValuesOf(stores.store, () => this.bundle?.plugins.map(({ name }) => name) ?? []);
    this.services = {
      clock: time,
      around: (part) => time.calls.watched(part),
      ...stores,
      environment: (names) => pick(options.env ?? {}, names),
      remotes: remoteStores(new Metrics().stores, () => null),
      outbound: stubOutbound(options.fetch, onError),
      ...this.observed.services,
    };
  }

  get log(): TestGateway["log"] {
    return this.observed.log;
  }

  get metrics(): TestGateway["metrics"] {
    return this.observed;
  }

  get faults(): TestGateway["faults"] {
    return this.observed.faults;
  }

  async start(): Promise<void> {
    await this.load(this.options.plugins, async ({ bundle }, config) => {
      const gateway = new Gateway({
        config,
        bundle,
        log: silent,
        accessLog: { write: (record) => void this.records.push(record) },
        metrics: new Metrics(),
        policyServices: { engine: engineFor, shared: this.services },
        listen: this.network.listen,
        connect: this.network.connect,
        guestTimers: new GuestTimers(this.time),
      });
      await gateway.start();
      this.gateway = gateway;
    });
  }

  async reload(plugins: readonly PluginEntry[]): Promise<void> {
    await this.load(plugins, ({ bundle }, config) => this.open.apply(config, bundle));
  }

  private async load(
    entries: readonly PluginEntry[],
    apply: (set: PluginSet, config: Config) => Promise<void>,
  ): Promise<void> {
    let bundle: PolicyBundle | null = null;
    try {
      const set = await readPlugins(entries, this.base, chosenEngine(this.options.engine));
      bundle = set.bundle;
      await apply(set, withPlugins(this.config, set));
      this.bundle = bundle;
    } catch (error) {
      throw loadFailure(error, bundle);
    }
  }

  async fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const request = input instanceof Request && init === undefined ? input : newRequest(input, init);
    const socket = this.connectTo(new URL(request.url));
    // Nothing else may keep the program from ending while the answer is on its way.
    const holding = setInterval(() => {}, 2 ** 30);
    try {
      const response = await ask(socket, request);
      this.throwStandInError();
      return response;
    } catch (error) {
      this.throwStandInError();
      throw error;
    } finally {
      clearInterval(holding);
    }
  }

  private connectTo({ protocol, hostname }: URL): Socket {
    const { client = defaultClient, clientCertificate = null } = this.options;
    if (protocol !== "https:") return this.network.connectTo("http", client, null);
    // RFC 6066 section 3: SNI holds no addresses.
    const serverName = isIP(hostname.replace(/^\[|\]$/g, "")) === 0 ? hostname : null;
    const tls = { protocol: "TLSv1.3", serverName, certificate: clientCertificate };
    return this.network.connectTo("https", client, tls);
  }

  private async advance(ms: number): Promise<void> {
    await this.time.advance(ms);
    this.throwStandInError();
  }

  async discover(cluster: string): Promise<TestEndpoint[]> {
    const holding = setInterval(() => {}, 2 ** 30);
    try {
      const found = readPluginAnswer(await this.open.discover(cluster));
      return found.map(({ host, port, ...share }) => ({ address: formatAddress({ host, port }), ...share }));
    } finally {
      clearInterval(holding);
    }
  }

  private throwStandInError(): void {
    const errors = this.standInErrors;
    this.standInErrors = [];
    if (errors.length > 0) throw errors[0];
  }

  async close(): Promise<void> {
    await this.gateway?.close();
    // Connections end in later turns of the event loop.
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
    this.throwStandInError();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private get open(): Gateway {
    if (this.gateway === null) throw new TypeError("The gateway has not started");
    return this.gateway;
  }
}

function newRequest(input: string | URL | Request, init: RequestInit | undefined): Request {
  const target = input instanceof Request ? input : new URL(input, "http://localhost");
  const needsDuplex = init?.body instanceof ReadableStream;
  return new Request(target, needsDuplex ? ({ duplex: "half", ...init } as RequestInit) : init);
}

function pick(values: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));
}
