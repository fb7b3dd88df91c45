import t from "tap";
import { pluginFacts, pluginsPage } from "../../../core/control/admin/plugins-page.ts";
import type { PluginGenerations } from "../../../core/control/plugins/generations.ts";
import type { Supervisor } from "../../../core/control/process/supervisor.ts";
import type { PlaneReport } from "../../../core/data/plane.ts";
import { renderPrometheus } from "../../../core/observe/prometheus/prometheus.ts";

const plugins = ["a", "b"].map((name) => ({ name, file: `${name}.ts`, hash: "1" }));
const generations = {
  current: { number: 1, source: "files", loadedAt: 0, bundle: { plugins } },
  last: null,
  directory: "plugins",
  isOnProbation: false,
  strikes: new Map([["a", 2]]),
} as unknown as PluginGenerations;

function supervisorWith(report: PlaneReport | null, banned: ReadonlyMap<string, number> = new Map()) {
  return { report: async () => report, bannedPlugins: () => banned } as unknown as Supervisor;
}

t.test("while the data process does not answer, what it knows of plugins is unknown", async (t) => {
  const page = await pluginsPage(generations, supervisorWith(null, new Map([["b", 1000]])));
  t.match(page, {
    plugins: [
      { name: "a", state: "unknown", processesEnded: 2 },
      { name: "b", state: "quarantined", quarantinedUntil: "1970-01-01T00:00:01.000Z" },
    ],
  });
  const facts = pluginFacts(generations, supervisorWith(null, new Map([["b", 1000]])), null);
  const text = renderPrometheus([], {
    version: "0",
    runtime: "node",
    dataRestarts: 1,
    control: { cpuSeconds: 0, residentBytes: 0 },
    data: null,
    plugins: facts,
  });
  t.match(text, 'sluice_plugin_faults_total{plugin="a",cause="process"} 2\n', "the control process knows");
  t.notMatch(text, "sluice_plugin_memory_bytes{");
  t.match(text, 'sluice_plugins{state="ready"} 0\n');
  t.match(text, 'sluice_plugins{state="unknown"} 1\n');
  t.match(text, 'sluice_plugins{state="quarantined"} 1\n');
});

t.test("a plugin that no reactor tells of is unused", async (t) => {
  const report = { plugins: [[]] } as unknown as PlaneReport;
  t.match(await pluginsPage(generations, supervisorWith(report)), { plugins: [{ state: "unused" }, {}] });
});
