import type { PhaseName } from "../../../sdk/runtime/message.ts";
import { maskConfig } from "../../config/mask.ts";
import type { CacheStoreConfig, Config, Grants, PluginLimits, RouteConfig } from "../../config/model.ts";
import { planRoute } from "../../policy/plan.ts";
import { onlyDiscovers, type PluginFacts } from "../inspect/inspection.ts";
import type { PriorityDescription } from "./overload-text.ts";
import { describeTraffic, type TrafficDescription } from "./traffic-description.ts";

/** What the requests of a route meet; plain JSON. */
export interface RouteDescription extends PriorityDescription {
  readonly route: string;
  readonly match: RouteConfig["match"];
  readonly cluster: RouteConfig["cluster"];
  readonly split: RouteConfig["split"];
  readonly redirect: RouteConfig["redirect"];
  readonly respond: RouteConfig["respond"];
  readonly rewrite: RouteConfig["rewrite"];
  /** Of the cluster; null where there is a split, where the proxy itself answers, or no service is named yet. */
  readonly traffic: TrafficDescription | null;
  /** Of each cluster of the split. */
  readonly shares: readonly { readonly cluster: string; readonly traffic: TrafficDescription }[];
  readonly policies: readonly PolicyDescription[];
  /** `PLUGIN.PHASE`, in the order in which they run. */
  readonly request: readonly string[];
  readonly response: readonly string[];
  readonly after: readonly string[];
  readonly requestBody: BodyUse;
  readonly responseBody: BodyUse;
}

export interface PolicyDescription {
  readonly plugin: string;
  readonly file: string;
  /** This installation brings it along. */
  readonly builtIn: boolean;
  readonly engine: string;
  readonly onFailure: "closed" | "open";
  readonly config: unknown;
  readonly limits: PluginLimits;
  /** What the plugin may give itself. */
  readonly maxLimits: PluginLimits;
  readonly grants: Grants;
  /** Where the responses are that it keeps; null: it keeps none. */
  readonly responses: CacheStoreConfig | null;
}

/** Who does what with a body. */
export interface BodyUse {
  /** Handlers that each part passes, in their order. */
  readonly streamedThrough: readonly string[];
  /** Handlers that may collect it whole, with the bytes that each may; none: it is never held. */
  readonly mayBeRead: readonly { readonly by: string; readonly bytes: number }[];
}

interface Use extends PolicyDescription {
  readonly phases: ReadonlySet<PhaseName>;
}

/** @param plugins every plugin of the folder, in its order, and the built-in ones that routes use */
export function describeRoute(
  route: RouteConfig,
  config: Config,
  plugins: readonly PluginFacts[],
): RouteDescription {
  const { policies } = route;
  const shown = maskConfig(config);
  // By place: names may have the text of a secret in them.
  const masked = shown.routes[config.routes.indexOf(route)]!;
  const own = plugins.filter(({ builtIn }) => !builtIn);
  const uses = (
    policies === null
      ? own.filter((facts) => !onlyDiscovers(facts)).map(({ name }) => ({ plugin: name, config: null }))
      : policies.map(({ plugin }, index) => ({ plugin, config: masked.policies![index]!.config }))
  ).map(({ plugin, config: own }) => useOf(plugins.find((facts) => facts.name === plugin)!, own, shown));
  const isOwn = route.redirect !== null || route.respond !== null;
  const plan = planRoute(isOwn ? uses.map(withoutEndpoint) : uses);
  const clusterOf = (name: string | null) =>
    shown.clusters[config.clusters.findIndex((cluster) => cluster.name === name)];
  const cluster = clusterOf(route.cluster);
  return {
    route: route.name,
    ...answerOf(route, masked),
    ...{ priority: route.priority, priorityHeader: route.priorityHeader, shedding: config.shedding },
    traffic: cluster === undefined ? null : describeTraffic(route, cluster),
    shares: (route.split?.clusters ?? []).map((share) => ({
      cluster: share.name,
      traffic: describeTraffic(route, clusterOf(share.name)!),
    })),
    policies: uses.map(({ phases: _, ...policy }) => policy),
    request: [
      ...steps(plan?.onRequest, "onRequest"),
      ...steps(plan?.onRequestBody, "onRequestBody"),
      ...steps(plan?.onUpstream, "onUpstream"),
    ],
    response: [...steps(plan?.onResponse, "onResponse"), ...steps(plan?.onResponseBody, "onResponseBody")],
    after: steps(plan?.onLog, "onLog"),
    requestBody: bodyUse(plan?.onRequest, "onRequest", plan?.onRequestBody, "onRequestBody"),
    responseBody: bodyUse(plan?.onResponse, "onResponse", plan?.onResponseBody, "onResponseBody"),
  };
}

function answerOf({ cluster, split }: RouteConfig, masked: RouteConfig) {
  const { match, redirect, respond, rewrite } = masked;
  const named = split && { ...masked.split!, clusters: split.clusters };
  return { match, cluster, split: named, redirect, respond, rewrite };
}

/** Where the proxy itself answers, no request goes on. */
function withoutEndpoint(use: Use): Use {
  const phases = new Set(use.phases);
  phases.delete("onRequestBody");
  phases.delete("onUpstream");
  return { ...use, phases };
}

function useOf(facts: PluginFacts, own: unknown, { plugins, cache }: Config): Use {
  const { name, file, builtIn, engine, onFailure, limits, maxLimits, capabilities, phases } = facts;
  return {
    plugin: name,
    file,
    builtIn,
    engine,
    onFailure,
    config: own ?? plugins.settings[name]?.config ?? null,
    limits,
    maxLimits,
    grants: capabilities,
    responses: capabilities.cache ? cache : null,
    phases: new Set(phases),
  };
}

function steps(uses: readonly Use[] = [], phase: PhaseName): string[] {
  return uses.map(({ plugin }) => `${plugin}.${phase}`);
}

function bodyUse(
  heads: readonly Use[] = [],
  head: PhaseName,
  bodies: readonly Use[] = [],
  body: PhaseName,
): BodyUse {
  return {
    streamedThrough: steps(bodies, body),
    mayBeRead: heads.map(({ plugin, limits }) => ({ by: `${plugin}.${head}`, bytes: limits.body })),
  };
}
