import { formatAddress } from "../config/address.ts";
import { routesWithFaults } from "../config/fault-text.ts";
import type { Config } from "../config/model.ts";
import type { ListenerAddress } from "../data/plane.ts";
import { openFileLimit } from "../net/file-limit.ts";
import { standardOutput } from "../observe/line-output.ts";
import { createLogger, type OperatorLogger } from "../observe/logger.ts";
import { Metrics } from "../observe/metrics.ts";
import type { PolicyBundle } from "../policy/bundle.ts";
import { adminActions, adminPages } from "./admin/pages.ts";
import { AdminSlot } from "./admin/slot.ts";
import { Discoveries } from "./discovery/discoveries.ts";
import type { ControlOptions } from "./main.ts";
import { OperatorValues } from "./operator-values.ts";
import { PluginGenerations } from "./plugins/generations.ts";
import { withPlace } from "./policy-place.ts";
import type { Supervisor } from "./process/supervisor.ts";
import { traceFolder } from "./process/trace-file.ts";
import { releaseMemoryOfStart } from "./release-memory.ts";
import { watchForReload } from "./reload-triggers.ts";
import { Reloader } from "./reloader.ts";

/** How long the start waits for discovery, in ms: until then there is nobody to send requests to. */
const firstEndpoints = 3000;

/** Time for the last log lines to reach a slow reader, in ms. */
const lastLines = 1000;

/** The control process from its start to its orderly end. */
export async function operate(
  supervisor: Supervisor,
  termination: Promise<string>,
  options: ControlOptions,
): Promise<number> {
  const log = createLogger(options.config.log, { process: "control" });
  const metrics = new Metrics();
  const generations: PluginGenerations = new PluginGenerations({
    config: supervisor.config,
    read: options.reload,
    apply: (config, bundle) => told(apply(config, bundle, running), options.configFile),
    report: () => supervisor.report(),
    hostsPlugins: supervisor.hostsPlugins,
    log,
    metrics,
  });
  const values = new OperatorValues({
    folder: supervisor.config.plugins.state,
    apply: (changes) => supervisor.pin(changes),
  });
  const admin = new AdminSlot(adminPages(supervisor, metrics, generations), adminActions(supervisor, values));
  const discoveries = new Discoveries({
    log,
    ask: (cluster) => supervisor.discover(cluster),
    onChange: (change) => void supervisor.setEndpoints(change),
  });
  const running: Running = { supervisor, admin, values, generations, discoveries, log, metrics, options };
  supervisor.onPluginStrike = (plugin, version) => generations.onStrike(plugin, version);
  supervisor.onLoaded = () => generations.onLoaded();
  try {
    if (await start(running, termination)) await serveUntil(termination, running);
    return 0;
  } finally {
    generations.close();
    discoveries.close();
    await Promise.all([supervisor.stop(), generations.settled()]);
    admin.close();
    await standardOutput().flush(lastLines);
  }
}

/** False when it was told to end before it had started. */
async function start(running: Running, termination: Promise<string>): Promise<boolean> {
  const { supervisor, admin, values, generations, discoveries, log } = running;
  await values.load();
  discoveries.follow(supervisor.config);
  await discoveries.settle(firstEndpoints);
  const serving = generations.start((config, bundle) =>
    told(supervisor.start(log, bundle, config), running.options.configFile),
  );
  const starting = Promise.all([serving, openAdmin(admin, supervisor.config)]);
  starting.catch(() => {});
  const started = await Promise.race([starting, termination.then(() => null)]);
  if (started === null) return false;
  const [listeners] = started;
  discoveries.onGeneration(supervisor.config);
  log.info(whereItListens(listeners, admin), "Sluice is listening");
  warnOfFewFiles(supervisor.config, log);
  warnOfFaults(supervisor.config, log);
  warnOfUnshared(supervisor, log);
  warnOfUntraced(supervisor, log);
  return true;
}

/** What refuses a config is told with its place. */
async function told<Result>(doing: Promise<Result>, configFile: string | null): Promise<Result> {
  try {
    return await doing;
  } catch (error) {
    throw await withPlace(error, configFile);
  }
}

async function openAdmin(admin: AdminSlot, config: Config): Promise<void> {
  (await admin.prepare(config.admin)).commit();
}

/** Past the limit the kernel refuses connections before anyone can answer or log them. */
function warnOfFewFiles(config: Config, log: OperatorLogger): void {
  const limit = openFileLimit();
  const connections = config.listeners.reduce((sum, { maxConnections }) => sum + maxConnections, 0);
  if (limit === null || limit > connections) return;
  log.warn(
    { limit, connections },
    "The limit of open files is below maxConnections; raise it with ulimit -n",
  );
}

/** They are easily left behind. */
function warnOfFaults(config: Config, log: OperatorLogger): void {
  for (const fields of routesWithFaults(config)) log.warn(fields, "A route injects faults");
}

/** On Deno, where sockets cannot be passed on. */
function warnOfUnshared({ unsharedListeners }: Supervisor, log: OperatorLogger): void {
  for (const listener of unsharedListeners)
    log.warn(
      { listener },
      "One worker serves this listener alone; give it a port to have all of them serve it",
    );
}

function warnOfUntraced({ isUntraced }: Supervisor, log: OperatorLogger): void {
  if (!isUntraced) return;
  log.warn(
    { folder: traceFolder },
    "No file can be made in this folder: a plugin that ends the data process is not found out, nor taken out of service; on Deno, start with --allow-read and --allow-write of it",
  );
}

function whereItListens(listeners: readonly ListenerAddress[], admin: AdminSlot): object {
  return {
    listeners: listeners.map(({ address }) => formatAddress(address)),
    admin: admin.address === null ? null : formatAddress(admin.address),
  };
}

interface Running {
  readonly supervisor: Supervisor;
  readonly admin: AdminSlot;
  readonly values: OperatorValues;
  readonly generations: PluginGenerations;
  readonly discoveries: Discoveries;
  readonly log: OperatorLogger;
  readonly metrics: Metrics;
  readonly options: ControlOptions;
}

async function serveUntil(termination: Promise<string>, running: Running): Promise<void> {
  const { supervisor, generations, log, metrics, options } = running;
  const canReload = options.reload !== null || generations.directory !== null;
  const reloader = new Reloader({
    reload: (causes) => generations.reload(causes),
    onResult: (problems) => generations.onResult(problems),
    log,
    metrics,
  });
  const triggers = watchForReload({
    file: options.configFile,
    generations,
    reloader: canReload ? reloader : null,
    log,
  });
  const keepMemory = releaseMemoryOfStart();
  const signal = await termination;
  keepMemory();
  triggers.close();
  // What is saved from now on is the next start's.
  generations.close();
  running.discoveries.close();
  log.info({ signal }, "Draining");
  await supervisor.drain();
  log.info({}, "Drained");
}

/**
 * All or nothing: what was already done is undone when a later step refuses the config.
 *
 * @returns whether a data process has loaded all of it
 */
async function apply(
  config: Config,
  bundle: PolicyBundle | null,
  { supervisor, admin, discoveries, log }: Running,
): Promise<boolean> {
  const {
    workers,
    plugins: { state },
  } = supervisor.config;
  const move = await admin.prepare(config.admin);
  let isLoaded: boolean;
  try {
    isLoaded = await supervisor.apply(config, bundle);
  } catch (error) {
    move.rollback();
    throw error;
  }
  move.commit();
  discoveries.onGeneration(config);
  log.configure(config.log);
  warnOfFaults(config, log);
  warnOfUnshared(supervisor, log);
  if (config.workers !== workers) {
    log.warn({ from: workers, to: config.workers }, "A new number of workers takes effect at the next start");
  }
  if (config.plugins.state !== state) {
    log.warn(
      { from: state, to: config.plugins.state },
      "Values set with POST /kv go to the new plugins.state from the next start on: move operator-values.json there",
    );
  }
  return isLoaded;
}
