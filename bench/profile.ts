/** Where the CPU time of Sluice's data process goes under one row. */
import { mkdir, mkdtemp, readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { stopChild } from "./process/child.ts";
import { startProxy } from "./proxies/start.ts";
import { plainTable } from "./report/plain.ts";
import type { Bench, Row } from "./rows/row.ts";

const lifetimeMs = 120_000;
const shown = 40;
// A profile of some seconds takes a while to write.
const stopGraceMs = 20_000;
// What V8 calls the time in which the event loop waits.
const idle = "(idle)";
const results = fileURLToPath(new URL("./results/", import.meta.url));

/** The part of V8's profile format that is read here. */
interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  /** µs between two samples. */
  readonly timeDeltas: readonly number[];
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/**
 * Runs the load of a row against Sluice with `--cpu-prof`.
 *
 * @returns a table of functions by self time and the file, which browsers' developer tools open
 * @throws when Sluice is not among the contestants or leaves no profile
 */
export async function profile(row: Row, bench: Bench): Promise<string> {
  const contestant = row.contestants.find(({ proxy }) => proxy.name.startsWith("sluice"));
  if (contestant === undefined) throw new Error(`Cannot profile row ${row.id}: Sluice is not in it`);
  await mkdir(results, { recursive: true });
  const directory = await mkdtemp(`${results}profile-`);
  const load = row.load(contestant);
  const place = {
    directory: bench.directory,
    upstreamPort: bench.upstreamPort,
    tls: row.tls ? bench.certificate : null,
    routes: contestant.routes,
    lifetimeMs,
    // Both processes inherit it; each writes its profile when it ends.
    env: { NODE_OPTIONS: `--cpu-prof --cpu-prof-interval=500 --cpu-prof-dir=${directory}` },
  };
  const { child, target } = await startProxy(contestant.proxy, place, load);
  await bench.generator(load, target, bench.pace.warmUpSeconds + bench.pace.seconds);
  await stopChild(child, stopGraceMs);
  return describe(await busiest(directory));
}

interface Read {
  readonly file: string;
  readonly content: CpuProfile;
}

/** The data process is the one that worked: the control process only waits. */
async function busiest(directory: string): Promise<Read> {
  const files = (await readdir(directory)).map((name) => `${directory}/${name}`);
  const all = await Promise.all(
    files.map(async (file): Promise<Read> => ({ file, content: JSON.parse(await readFile(file, "utf8")) })),
  );
  const [first] = all.toSorted((a, b) => busyTime(b.content) - busyTime(a.content));
  if (first === undefined) throw new Error(`Cannot profile: no process left a profile in ${directory}`);
  return first;
}

function describe({ file, content }: Read): string {
  const busy = busyTime(content);
  const functions = [...selfTimes(content)]
    .filter(([place]) => place !== idle)
    .toSorted((a, b) => b[1] - a[1]);
  const table = plainTable({
    title: "Self time of the data process",
    head: ["function", "ms", "share"],
    body: functions
      .slice(0, shown)
      .map(([place, time]) => [place, (time / 1000).toFixed(0), `${((time / busy) * 100).toFixed(1)} %`]),
  });
  return `${table}\nProfile: ${file}\n`;
}

/** µs by function. */
function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): Map<string, number> {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const times = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const place = places.get(id) as string;
    times.set(place, (times.get(place) ?? 0) + (timeDeltas[index] ?? 0));
  }
  return times;
}

function busyTime(content: CpuProfile): number {
  return [...selfTimes(content)].reduce((sum, [place, time]) => (place === idle ? sum : sum + time), 0);
}

function placeOf({ functionName, url, lineNumber }: CallFrame): string {
  const file = url.split("/").slice(-2).join("/");
  return `${functionName || "(anonymous)"}${file ? ` ${file}:${lineNumber + 1}` : ""}`;
}
