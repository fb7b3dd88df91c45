import { formatAddress } from "../config/address.ts";
import type { Config } from "../config/model.ts";
import type { ListenerAddress } from "../data/plane.ts";
import { openFileLimit } from "../net/file-limit.ts";
import { standardOutput } from "../observe/line-output.ts";
import { createLogger, type OperatorLogger } from "../observe/logger.ts";
import { Metrics } from "../observe/metrics.ts";
import { adminPages } from "./admin-pages.ts";
import { AdminSlot } from "./admin-slot.ts";
import type { ControlOptions } from "./main.ts";
import { watchForReload } from "./reload-triggers.ts";
import { Reloader } from "./reloader.ts";
import type { Supervisor } from "./supervisor.ts";

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
  const admin = new AdminSlot(adminPages(supervisor, metrics));
  try {
    const started = await start(supervisor, admin, log, termination);
    if (started) {
      await serveUntil(termination, { supervisor, admin, log, metrics, options });
    }
    return 0;
  } finally {
    await supervisor.stop();
    admin.close();
    await standardOutput().flush(lastLines);
  }
}

/** False when it was told to end before it had started. */
async function start(
  supervisor: Supervisor,
  admin: AdminSlot,
  log: OperatorLogger,
  termination: Promise<string>,
): Promise<boolean> {
  const starting = Promise.all([supervisor.start(log), openAdmin(admin, supervisor.config)]);
  starting.catch(() => {});
  const started = await Promise.race([starting, termination.then(() => null)]);
  if (started === null) return false;
  const [listeners] = started;
  log.info(whereItListens(listeners, admin), "Sluice is listening");
  warnOfFewFiles(supervisor.config, log);
  return true;
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

function whereItListens(listeners: readonly ListenerAddress[], admin: AdminSlot): object {
  return {
    listeners: listeners.map(({ address }) => formatAddress(address)),
    admin: admin.address === null ? null : formatAddress(admin.address),
  };
}

interface Running {
  readonly supervisor: Supervisor;
  readonly admin: AdminSlot;
  readonly log: OperatorLogger;
  readonly metrics: Metrics;
  readonly options: ControlOptions;
}

async function serveUntil(termination: Promise<string>, running: Running): Promise<void> {
  const { supervisor, log, metrics, options } = running;
  const triggers = watchForReload({
    file: options.configFile,
    reloader:
      options.reload &&
      new Reloader({ read: options.reload, apply: (config) => apply(config, running), log, metrics }),
    log,
  });
  const signal = await termination;
  triggers.close();
  log.info({ signal }, "Draining");
  await supervisor.drain();
  log.info({}, "Drained");
}

/** All or nothing: what was already done is undone when a later step refuses the config. */
async function apply(config: Config, { supervisor, admin, log }: Running): Promise<void> {
  const { workers } = supervisor.config;
  const move = await admin.prepare(config.admin);
  try {
    await supervisor.apply(config, null);
  } catch (error) {
    move.rollback();
    throw error;
  }
  move.commit();
  log.configure(config.log);
  if (config.workers !== workers) {
    log.warn({ from: workers, to: config.workers }, "A new number of workers takes effect at the next start");
  }
}
