/** A gateway with two routes: one whose plugin attacks, and one whose plugin must not notice. */
import type { Test } from "tap";
import { defaultMaxPluginLimits, noGrants } from "../../core/config/defaults.ts";
import { configFromFlags } from "../../core/config/from-flags.ts";
import type { Address, Config, PluginLimits, RouteConfig } from "../../core/config/model.ts";
import { listen } from "../../core/net/listener.ts";
import type { AccessRecord } from "../../core/observe/access-log.ts";
import { Metrics } from "../../core/observe/metrics.ts";
import type { PolicyBundle } from "../../core/policy/bundle.ts";
import type { SharedServices } from "../../core/policy/guest/services.ts";
import type { PluginReport } from "../../core/policy/plugin-status.ts";
import { Gateway } from "../../core/proxy/gateway.ts";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { engineFor } from "../../core/sandbox/engines.ts";
import { systemClock } from "../../core/sandbox/host/basic.ts";
import { memoryStores } from "../../core/store/stores.ts";
import { openPeer } from "../support/gateway.ts";
import { type Message, readMessage } from "../support/message.ts";
import { compileBundle } from "../support/policies.ts";
import type { RawPeer } from "../support/raw-peer.ts";
import { seizedRuntime } from "./seized-runtime.ts";

export interface HostileSettings {
  readonly engine: EngineName;
  /** Text of the plugin that attacks; see `pluginText`. */
  readonly attack: string;
  readonly limits?: Partial<PluginLimits>;
  readonly onFailure?: "closed" | "open";
  /** Whether the plugin has the host function and the entry in its hands; see seized-runtime.ts. */
  readonly seized?: boolean;
  readonly config?: unknown;
  /** By name; which plugin may read them is said by `grants`. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly outbound?: SharedServices["outbound"];
}

/** A line of the operator's log, with everything in it. */
export interface LogEntry {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

export interface HostileGateway {
  readonly address: Address;
  readonly entries: readonly LogEntry[];
  readonly records: readonly AccessRecord[];
  /** Values that plugins counted. */
  readonly counts: ReadonlyMap<string, number>;
  connect(): Promise<RawPeer>;
  /** Sends a request on a connection of its own and reads the response. */
  ask(request: string): Promise<Message>;
  /** Exchanges that are not over. */
  requestsInFlight(): number;
  /** What is known of the plugin that attacks. */
  report(): PluginReport;
}

/** The default of a plugin that says nothing else, so that what is measured here is what an operator gets. */
export const attackCpu = 50;

/** Its answer tells that both of its handlers ran, and that nobody changed what they see. */
export const innocentPlugin = `import { definePlugin } from "sluice/sdk";
export default definePlugin({
  onRequest(request) {
    request.headers.set("x-innocent", [1, 2, 3].map((n) => n * 2).join("-") + JSON.stringify({}));
  },
  onResponse(response) {
    response.headers.set("x-innocent", String(new URL("http://a.test/b?c").search) + Object.keys({}).length);
  },
});
`;

/** Members of a plugin, or a module as it is. */
export function pluginText(text: string): string {
  if (/^\s*import /.test(text)) return text;
  return `import { definePlugin } from "sluice/sdk";\nexport default definePlugin({\n${text}\n});\n`;
}

/** Runs until the test ends. `/innocent` has the innocent plugin, everything else the one that attacks. */
export async function startHostileGateway(
  t: Test,
  endpoint: Address,
  settings: HostileSettings,
): Promise<HostileGateway> {
  const bundle = await bundleOf(settings);
  const entries: LogEntry[] = [];
  const records: AccessRecord[] = [];
  const counts = new Map<string, number>();
  const at = (level: string) => (fields: object, message: string) => {
    entries.push({ level, fields, message });
  };
  const log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  const shared: SharedServices = {
    clock: systemClock,
    ...memoryStores(),
    environment: (names) =>
      Object.fromEntries(Object.entries(settings.environment ?? {}).filter(([name]) => names.includes(name))),
    outbound: settings.outbound ?? null,
    metrics: {
      add: (_kind, plugin, name, value) => {
        counts.set(`${plugin} ${name}`, (counts.get(`${plugin} ${name}`) ?? 0) + value);
      },
    },
  };
  const metrics = new Metrics();
  const gateway = new Gateway({
    bundle,
    policyServices: { engine: engineFor, shared },
    config: configOf(endpoint, settings),
    log,
    metrics,
    accessLog: { write: (record) => void records.push(record) },
    listen: (listener, onConnection) => listen(listener, onConnection, { log }),
  });
  await gateway.start();
  t.teardown(() => gateway.close());
  const { address } = gateway.addresses()[0]!;
  return {
    ...{ address, entries, records, counts },
    connect: () => openPeer(t, address),
    async ask(request) {
      const client = await openPeer(t, address);
      client.write(request);
      const response = await readMessage(client, { bodyless: request.startsWith("HEAD ") });
      client.socket.destroy();
      return response;
    },
    requestsInFlight: () => metrics.snapshot().totals.requestsInFlight,
    report: () => gateway.generation.policies.report().find(({ name }) => name === "attack")!,
  };
}

async function bundleOf({ attack, seized }: HostileSettings): Promise<PolicyBundle> {
  const bundle = await compileBundle({ "attack.ts": pluginText(attack), "innocent.ts": innocentPlugin });
  return seized ? { ...bundle, runtime: seizedRuntime(bundle.runtime) } : bundle;
}

function configOf(endpoint: Address, settings: HostileSettings): Config {
  const authority = "path" in endpoint ? "localhost" : `${endpoint.host}:${endpoint.port}`;
  const base = configFromFlags({
    upstreams: [{ address: endpoint, weight: 1, zone: null, priority: 0, authority, secure: false }],
    listen: { host: "127.0.0.1", port: 0 },
    admin: null,
  });
  const [route] = base.routes as [RouteConfig];
  const common = { engine: settings.engine, config: null, grants: noGrants };
  return {
    ...base,
    routes: [
      {
        ...route,
        name: "innocent",
        match: { ...route.match, path: { kind: "prefix", value: "/innocent" } },
        policies: [{ plugin: "innocent", config: null }],
      },
      { ...route, name: "attacked", policies: [{ plugin: "attack", config: settings.config ?? null }] },
    ],
    plugins: {
      directory: "plugins",
      state: null,
      grantDeclared: true,
      maxLimits: defaultMaxPluginLimits,
      settings: {
        innocent: { ...common, onFailure: null, limits: { cpu: 2000 } },
        attack: {
          ...common,
          onFailure: settings.onFailure ?? null,
          limits: { cpu: attackCpu, ...settings.limits },
        },
      },
    },
  };
}
