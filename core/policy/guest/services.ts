/** The host calls of one guest, as far as its plugin's grants and limits let it. */

import { HostOp } from "../../../sdk/runtime/host-op.ts";
import type { Grants, PluginLimits } from "../../config/model.ts";
import type { StoreConfig } from "../../config/store-model.ts";
import type { Logger } from "../../observe/log.ts";
import type { LoggedText } from "../../observe/logged-text.ts";
import type { PluginMetricKind } from "../../observe/plugin-metrics.ts";
import type { StackMapper } from "../../observe/stack-trace.ts";
import { basicOperations, type HostClock } from "../../sandbox/host/basic.ts";
import { cryptoOperations } from "../../sandbox/host/crypto/part.ts";
import { HostCallError } from "../../sandbox/host/error.ts";
import { type ExchangeCount, fetchOperations, type Outbound } from "../../sandbox/host/fetch/part.ts";
import { HostServices, type ServicePart } from "../../sandbox/host/services.ts";
import type { PinnedValues } from "../../store/kv/pinned-values.ts";
import type { RemoteStores } from "../../store/remote-stores.ts";
import type { Stores } from "../../store/stores.ts";
import type { HandedBodies } from "../body/handed-bodies.ts";
import { bodyOperations } from "../operations/body.ts";
import { cacheOperations } from "../operations/cache.ts";
import { counterOperations } from "../operations/counter.ts";
import { exchangeOperations } from "../operations/exchange.ts";
import { keyValueOperations } from "../operations/key-value.ts";
import { logOperations } from "../operations/log.ts";
import { storeOperations } from "../operations/store.ts";
import type { Fault, PluginStatus } from "../plugin-status.ts";
import type { GuestExchange } from "./slots.ts";

/** What the guests of a reactor have in common. */
export interface SharedServices extends Stores {
  readonly clock: HostClock;
  /** Values of the variables that are set, by name. */
  environment(names: readonly string[]): Readonly<Record<string, string>>;
  /** What the operator has put into the `kv` of plugins. Absent: nothing. */
  readonly pinned?: PinnedValues;
  /** Stores that other machines use, too. Absent: there are none. */
  readonly remotes?: RemoteStores<StoreConfig>;
  /** In the place of the network, for tests; null: the network. */
  readonly outbound: Outbound | null;
  /** Puts something between guests and their operations, for tests. Absent: nothing. */
  readonly around?: (part: ServicePart) => ServicePart;
  /** A plugin's own counters and histograms. */
  readonly metrics: PluginMetricSink;
  /** Every log line of a plugin passes here, too. */
  readonly onLogLine?: (plugin: string, level: string, message: string, fields: object) => void;
  /** Every fault of a plugin, too. */
  readonly onFault?: (plugin: string, fault: Fault) => void;
}

export interface PluginMetricSink {
  add(kind: PluginMetricKind, plugin: string, name: string, value: number): void;
}

export interface GuestFacts {
  readonly plugin: string;
  readonly grants: Grants;
  readonly limits: PluginLimits;
  /** Whether its engine keeps it from doing what it likes. */
  readonly isSandboxed: boolean;
  exchanges(): ExchangeCount;
  /** The exchange behind a slot; null: there is none, or it is over. */
  exchangeOf(slot: number): GuestExchange | null;
  readonly handed: HandedBodies;
  readonly log: Logger;
  readonly mapStack: StackMapper;
  readonly logged: LoggedText;
  readonly status: PluginStatus;
}

export function guestServices(shared: SharedServices, facts: GuestFacts): HostServices {
  const parts = [
    basicOperations(shared.clock),
    logOperations(shared, facts),
    metricOperations(shared, facts),
    keyValueOperations(shared, facts),
    counterOperations(shared, facts),
    storeOperations(shared, facts),
    cacheOperations(shared, facts),
    exchangeOperations(facts),
    bodyOperations(facts),
    cryptoOperations(),
    fetchOperations({
      grants: () => facts.grants.fetch,
      callsPerExchange: () => facts.limits.fetches,
      exchanges: facts.exchanges,
      outbound: shared.outbound,
    }),
  ];
  return new HostServices(shared.around === undefined ? parts : parts.map(shared.around));
}

/** Names that one plugin may count under: each of them is a series for as long as the process runs. */
const mostMetricNames = 200;
/** Names in use, by plugin; a new guest or generation of the plugin makes no room for others. */
const metricNames = new WeakMap<PluginMetricSink, Map<string, Set<string>>>();

function admitName(sink: PluginMetricSink, plugin: string, name: string): void {
  const byPlugin = metricNames.get(sink) ?? new Map<string, Set<string>>();
  const names = byPlugin.get(plugin) ?? new Set();
  if (names.has(name)) return;
  if (names.size >= mostMetricNames) {
    throw new HostCallError("QuotaExceededError", `Cannot count: there are ${mostMetricNames} names already`);
  }
  metricNames.set(sink, byPlugin.set(plugin, names.add(name)));
}

const metricText = /^([chsml]) (-?[0-9.e+-]{1,24}) ([A-Za-z_][A-Za-z0-9_]{0,63})$/;
const metricKinds = { c: "counter", h: "histogram", s: "sum", m: "max", l: "last" } as const;

function metricOperations({ metrics }: SharedServices, { plugin }: GuestFacts): ServicePart {
  return {
    handlers: {
      [HostOp.metric](text) {
        const [, kind, value, name] = metricText.exec(text) ?? [];
        if (name === undefined || !Number.isFinite(Number(value))) {
          throw new HostCallError("TypeError", "Cannot count: the name is no name, or the value no number");
        }
        admitName(metrics, plugin, `${kind} ${name}`);
        metrics.add(metricKinds[kind as keyof typeof metricKinds], plugin, name, Number(value));
        return "";
      },
    },
  };
}
