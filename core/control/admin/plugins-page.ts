import type { PlaneReport, PluginTotals } from "../../data/plane.ts";
import type { PluginFacts } from "../../observe/prometheus/prometheus.ts";
import type { PluginGenerations } from "../plugins/generations.ts";
import type { Supervisor } from "../process/supervisor.ts";

type Counts = Readonly<Record<string, number>>;

/** What `/plugins` shows: plain JSON. */
export async function pluginsPage(generations: PluginGenerations, supervisor: Supervisor): Promise<object> {
  const { current, last, directory, isOnProbation } = generations;
  const report = await supervisor.report();
  const banned = supervisor.bannedPlugins();
  return {
    directory,
    generation: {
      number: current.number,
      source: current.source,
      loadedAt: isoTime(current.loadedAt),
      onProbation: isOnProbation,
    },
    lastReload: last === null ? null : { ...last, at: isoTime(last.at) },
    plugins: (current.bundle?.plugins ?? []).map(({ name, file, hash, builtIn = false }) => {
      const reports = reportsOf(name, report);
      const until = banned.get(name);
      return {
        ...(reports.length === 0
          ? { name, file, hash, state: report === null ? "unknown" : "unused" }
          : merged(reports)),
        ...(until !== undefined && { state: "quarantined", quarantinedUntil: isoTime(until) }),
        builtIn,
        processesEnded: generations.strikes.get(name) ?? 0,
        generation: current.number,
        loadedAt: isoTime(current.loadedAt),
      };
    }),
  };
}

/** What `/metrics` shows of each plugin; what the data process does not tell is left out. */
export function pluginFacts(
  generations: PluginGenerations,
  supervisor: Supervisor,
  report: PlaneReport | null,
): PluginFacts[] {
  const banned = supervisor.bannedPlugins();
  return (generations.current.bundle?.plugins ?? []).map(({ name }) => {
    const reports = reportsOf(name, report);
    const ended = generations.strikes.get(name) ?? 0;
    const isOut = banned.has(name) || reports.some(({ state }) => state === "quarantined");
    return {
      name,
      state: isOut ? "quarantined" : report === null ? "unknown" : "ready",
      memoryBytes: report === null ? null : sumOf(reports.map(({ memoryBytes }) => memoryBytes)),
      faults: {
        ...sumByKey(reports.map(({ faultsTotal }) => faultsTotal)),
        ...(ended > 0 && { process: ended }),
      },
    };
  });
}

/** One for each reactor. */
function reportsOf(plugin: string, report: PlaneReport | null): PluginTotals[] {
  return (report?.plugins ?? []).flatMap((reactor) => reactor.filter(({ name }) => name === plugin));
}

/** What reactors tell of one plugin: they differ in what they count. */
function merged(reports: readonly PluginTotals[]): object {
  const faults = reports.map(({ lastFault }) => lastFault).filter((fault) => fault !== null);
  const latest = faults.sort((a, b) => b.time - a.time)[0];
  return {
    ...reports[0],
    state: reports.some(({ state }) => state === "quarantined") ? "quarantined" : "ready",
    memoryBytes: sumOf(reports.map(({ memoryBytes }) => memoryBytes)),
    requests: sumOf(reports.map(({ requests }) => requests)),
    faults: sumByKey(reports.map((report) => report.faults)),
    faultsTotal: sumByKey(reports.map(({ faultsTotal }) => faultsTotal)),
    lastFault: latest === undefined ? null : { ...latest, time: isoTime(latest.time) },
    droppedLogLines: sumOf(reports.map(({ droppedLogLines }) => droppedLogLines)),
  };
}

function sumByKey(counts: readonly Counts[]): Counts {
  const sum: Record<string, number> = {};
  for (const [key, count] of counts.flatMap(Object.entries<number>)) sum[key] = (sum[key] ?? 0) + count;
  return sum;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
