import { maskConfig } from "../../config/mask.ts";
import { processUsage } from "../../data/usage.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { prometheusContentType, renderPrometheus } from "../../observe/prometheus/prometheus.ts";
import { readVersion } from "../../observe/version.ts";
import type { OperatorValues } from "../operator-values.ts";
import type { PluginGenerations } from "../plugins/generations.ts";
import type { DataState, Supervisor } from "../process/supervisor.ts";
import { type AdminActions, forThisMachine } from "./action.ts";
import { clustersPage, endpointFacts, limitFacts } from "./clusters-page.ts";
import { type AdminPage, type AdminPages, json, problem } from "./page.ts";
import { pluginFacts, pluginsPage } from "./plugins-page.ts";
import { purgeAction } from "./purge-action.ts";
import { valueAction } from "./value-action.ts";

const notReady: Readonly<Record<Exclude<DataState, "serving">, string>> = {
  starting: "Data process is starting",
  draining: "Proxy is shutting down",
  stopped: "Data process has stopped",
};

/**
 * What the admin listener shows. It answers from the control process, so it goes on through
 * a restart of the data process.
 *
 * @param metrics the control process's own counters
 */
export function adminPages(
  supervisor: Supervisor,
  metrics: Metrics,
  generations: PluginGenerations,
): AdminPages {
  return {
    "/healthz": () => json(200, { status: "ok" }),
    "/readyz": () =>
      supervisor.state === "serving" ? json(200, { status: "ok" }) : problem(503, notReady[supervisor.state]),
    "/metrics": () => metricsPage(supervisor, metrics, generations),
    "/clusters": async () => json(200, clustersPage(supervisor.config, await supervisor.report())),
    "/plugins": async () => json(200, await pluginsPage(generations, supervisor)),
    "/config": () => json(200, maskConfig(supervisor.config)),
  };
}

/** What the admin listener does. */
export function adminActions(supervisor: Supervisor, values: OperatorValues): AdminActions {
  return {
    "/cache/purge": (body) => purgeAction(body, (request) => supervisor.purge(request)),
    "/kv": forThisMachine((body) => valueAction(body, values)),
  };
}

async function metricsPage(
  supervisor: Supervisor,
  metrics: Metrics,
  generations: PluginGenerations,
): Promise<AdminPage> {
  const data = await supervisor.report();
  const endpoints = endpointFacts(data);
  const limits = limitFacts(data);
  const body = renderPrometheus([metrics.snapshot(), ...(data?.snapshots ?? [])], {
    version: readVersion(),
    runtime: runtimeName(),
    dataRestarts: supervisor.restarts,
    control: processUsage(),
    data,
    ...(endpoints !== null && { endpoints }),
    ...(limits !== null && { limits }),
    ...(data !== null && { caches: data.caches }),
    ...(generations.current.bundle !== null && { plugins: pluginFacts(generations, supervisor, data) }),
  });
  return { status: 200, contentType: prometheusContentType, body };
}

function runtimeName(): string {
  const { deno, node } = process.versions;
  return deno === undefined ? `node ${node}` : `deno ${deno}`;
}
