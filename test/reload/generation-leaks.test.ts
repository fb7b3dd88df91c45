/**
 * Reloads again and again in one process: real files, real isolates, real requests. `SLUICE_RELOADS=1000` runs the
 * long form.
 */
import { readdirSync, readFileSync, readlinkSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import t from "tap";
import { noGrants } from "../../core/config/defaults.ts";
import { parseEndpoint } from "../../core/config/endpoint.ts";
import { configFromFlags } from "../../core/config/from-flags.ts";
import type { Config } from "../../core/config/model.ts";
import { PluginGenerations } from "../../core/control/plugins/generations.ts";
import { HandleTable } from "../../core/data/handles.ts";
import { ReactorPlane } from "../../core/data/reactor-plane.ts";
import { createLogger } from "../../core/observe/logger.ts";
import { Metrics } from "../../core/observe/metrics.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import { folderWith } from "./folder.ts";

t.setTimeout(300_000);

const reloads = Number(process.env["SLUICE_RELOADS"] ?? 1000);
/** What may be kept of them all in the end, bytes. */
const mostGrowth = 4 * 1024 * 1024;
/**
 * Pages that V8 keeps, though little is left in them, come to 20 MB and 40 kB a reload; isolates that were not
 * disposed of would be 1.6 MB each, in several mappings.
 */
const mostResident = 32 * 1024 * 1024 + reloads * 100 * 1024;
const mostMappings = 0.5;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const plugin = (version: number) => `import { definePlugin } from "sluice/sdk";
import { text } from "./_text.ts";
export default definePlugin({
  setup() { setInterval(() => {}, 10); },
  onRequest() { return new Response(text + "${version}"); },
});
`;

/** On a busy machine one load of a thousand takes longer than a plugin has for it. */
const patient = { engine: null, config: null, grants: noGrants, onFailure: null, limits: { cpu: 5000 } };

interface Holdings {
  readonly heap: number;
  readonly resident: number;
  readonly descriptors: number;
  readonly watches: number;
  readonly children: number;
  /** Mappings of memory: each isolate has several. */
  readonly mappings: number;
}

/** What the process holds after the garbage is gone. */
async function holdings(): Promise<Holdings> {
  for (let round = 0; round < 4; round++) {
    collect();
    await sleep(20);
  }
  const descriptors = readdirSync("/proc/self/fd");
  const inotify = descriptors.filter((fd) => linkOf(fd).includes("inotify"));
  return {
    heap: process.memoryUsage().heapUsed,
    resident: process.memoryUsage.rss(),
    descriptors: descriptors.length,
    watches: inotify.reduce((sum, fd) => sum + watchesOf(fd), 0),
    children: readFileSync(
      "/proc/self/task/self/children".replace("task/self", `task/${process.pid}`),
      "utf8",
    )
      .split(" ")
      .filter(Boolean).length,
    mappings: readFileSync("/proc/self/maps", "utf8").split("\n").length,
  };
}

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return "";
  }
}

function watchesOf(fd: string): number {
  return readFileSync(`/proc/self/fdinfo/${fd}`, "utf8").split("inotify wd:").length - 1;
}

const skip = process.platform !== "linux" && "no /proc on this system";

t.test(`${reloads} reloads in a row leave nothing behind`, { skip, timeout: 300_000 }, async (t) => {
  const folder = folderWith(t, { "_text.ts": `export const text = "v";`, "10-a.ts": plugin(0) });
  const base = configFromFlags({
    listen: { host: "127.0.0.1", port: 0 },
    upstreams: [parseEndpoint("http://127.0.0.1:1")!],
  });
  const config: Config = {
    ...base,
    accessLog: { enabled: false },
    plugins: { ...base.plugins, directory: folder, state: join(folder, "_state"), settings: { a: patient } },
  };
  const log = createLogger({ level: "silent", pretty: false });
  const plane = new ReactorPlane({ handles: new HandleTable(), reactor: 0, reusePort: false });
  const generations = new PluginGenerations({
    config,
    read: null,
    apply: async (next, bundle) => {
      await plane.apply(next, bundle);
      return true;
    },
    report: () => plane.report(),
    hostsPlugins: true,
    log,
    metrics: new Metrics(),
  });
  const [listener] = await generations.start((first, bundle) => plane.start(first, bundle));
  const { port } = listener!.address as { port: number };
  const ask = async () => (await fetch(`http://127.0.0.1:${port}/`)).text();
  t.equal(await ask(), "v0");

  let version = 0;
  const reload = async (times: number) => {
    for (let count = 0; count < times; count++) {
      version++;
      writeFileSync(join(folder, "10-a.ts~"), plugin(version));
      renameSync(join(folder, "10-a.ts~"), join(folder, "10-a.ts"));
      await generations.reload(new Set(["plugins"]));
      if (version % 20 === 0) t.equal(await ask(), `v${version}`);
    }
  };
  await reload(30);
  const before = await holdings();
  await reload(reloads);
  const after = await holdings();
  t.comment(JSON.stringify({ before, after }));

  t.equal(await ask(), `v${version}`);
  t.ok(after.heap - before.heap < mostGrowth, `the heap grew by ${after.heap - before.heap} bytes`);
  t.ok(
    after.descriptors <= before.descriptors + 2,
    `${before.descriptors} and ${after.descriptors} descriptors`,
  );
  t.equal(after.watches, before.watches, "watches");
  t.equal(after.children, before.children, "child processes");
  t.ok(after.resident - before.resident < mostResident, "resident memory");
  t.ok((after.mappings - before.mappings) / reloads < mostMappings, "mappings of memory");

  generations.close();
  await generations.settled();
  await plane.drain();
  await stopBundler();
  t.match(await holdings(), { watches: 0, children: 0 }, "and in the end nothing is held");
});
