import { setTimeout as delay } from "node:timers/promises";
import type { Config } from "../config/model.ts";
import type { ListenerAddress, PlaneReport } from "../data/plane.ts";
import type { Logger } from "../observe/log.ts";
import type { PolicyBundle } from "../policy/bundle.ts";
import { type AddedListeners, BoundListeners } from "./bound-listeners.ts";
import { type DataExit, DataProcess } from "./data-process.ts";
import { restartDelay } from "./restart-delay.ts";

export type DataState = "starting" | "serving" | "draining" | "stopped";

/** Added to `drainDelay` and `drainTimeout` before a data process that does not finish is killed, in ms. */
const drainGrace = 5000;

/** Time for the data process to end once it has hung up, in ms. */
const exitGrace = 2000;

/** Enough for the longest delay between restarts. */
const crashesRemembered = 16;

/** Time for the data process to report its metrics, in ms. */
const reportTimeout = 1000;

/** Keeps one data process running, with the config that is in force. */
export class Supervisor {
  readonly #reactors: number;
  readonly #listeners: BoundListeners;
  #log: Logger | null = null;
  #config: Config;
  #bundle: PolicyBundle | null = null;
  #process: DataProcess;
  #state: DataState = "starting";
  #restarts = 0;
  #crashes: readonly number[] = [];
  /** A restart and a reload must not overlap: each needs the config that the other leaves. */
  #turn: Promise<unknown> = Promise.resolve();

  /** Forks at once, so that the data process boots while the caller prepares the rest. */
  constructor(config: Config) {
    this.#config = config;
    this.#reactors = config.workers;
    this.#listeners = new BoundListeners(this.#reactors);
    this.#process = this.#fork();
  }

  get state(): DataState {
    return this.#state;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** The config in force. */
  get config(): Config {
    return this.#config;
  }

  /**
   * Binds, and serves the first config.
   *
   * @throws when an address cannot be bound or the data process cannot start; it is gone then.
   */
  async start(log: Logger, bundle: PolicyBundle | null = null): Promise<readonly ListenerAddress[]> {
    this.#log = log;
    this.#bundle = bundle;
    try {
      const added = await this.#listeners.prepare(this.#config);
      added.commit();
      this.#listeners.sendTo(this.#process);
      const addresses = await this.#process.plane.start(this.#config, this.#bundle);
      // It may have been stopped meanwhile.
      if (this.#state === "starting") {
        this.#state = "serving";
        void this.#keepRunning();
      }
      return addresses;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** @throws when the config cannot be applied; the one in force stays. */
  apply(config: Config, bundle: PolicyBundle | null): Promise<void> {
    return this.#inTurn(async () => {
      const added = await this.#listeners.prepare(config);
      try {
        await this.#hand(config, bundle, added);
        this.#config = config;
        this.#bundle = bundle;
        added.commit();
      } catch (error) {
        added.rollback();
        throw error;
      }
    });
  }

  /** Null when no data process answers in time. */
  async report(): Promise<PlaneReport | null> {
    if (this.#state === "stopped") return null;
    const late = delay(reportTimeout, null, { ref: false });
    return Promise.race([this.#process.plane.report().catch(() => null), late]);
  }

  /** Finishes what is in flight and ends the data process. */
  async drain(): Promise<void> {
    this.#state = "draining";
    const { drainDelay, drainTimeout } = this.#config.timeouts;
    const closing = this.#closeListenersAfter(drainDelay);
    const limit = delay(drainDelay + drainTimeout + drainGrace, undefined, { ref: false });
    await Promise.race([this.#process.plane.drain().catch(() => {}), this.#process.exited, limit]);
    await Promise.all([closing, this.stop()]);
  }

  /** Ends the data process without regard to requests in flight. */
  async stop(): Promise<void> {
    this.#state = "stopped";
    this.#process.hangUp();
    const limit = delay(exitGrace, undefined, { ref: false }).then(() => this.#process.kill());
    await Promise.race([this.#process.exited, limit]);
    this.#listeners.close();
  }

  /** Ends the data process this instant. */
  kill(): void {
    this.#state = "stopped";
    this.#process.kill();
    this.#listeners.close();
  }

  /** A data process that cannot start is not asked: the new config may be what it needs. */
  async #hand(config: Config, bundle: PolicyBundle | null, added: AddedListeners): Promise<void> {
    if (this.#state === "serving") {
      added.sendTo(this.#process);
      await this.#process.plane.apply(config, bundle);
    }
  }

  /** Before the data process closes its own: what the kernel still queued then would be reset. */
  async #closeListenersAfter(ms: number): Promise<void> {
    if (ms > 0) await delay(ms, undefined, { ref: false });
    this.#listeners.close();
  }

  #fork(): DataProcess {
    return new DataProcess(this.#reactors);
  }

  async #keepRunning(): Promise<void> {
    for (;;) {
      const exit = await this.#process.exited;
      if (this.#state === "draining" || this.#state === "stopped") return;
      this.#state = "starting";
      await this.#inTurn(() => this.#restart(exit));
    }
  }

  async #restart(exit: DataExit): Promise<void> {
    const now = Date.now();
    this.#restarts++;
    this.#crashes = [...this.#crashes, now].slice(-crashesRemembered);
    const wait = restartDelay(this.#crashes, now);
    this.#log?.error({ ...exit, restartInMs: wait }, "Data process ended, starting another");
    if (wait > 0) await delay(wait);
    if (this.#state !== "starting") return;
    this.#process = this.#fork();
    this.#listeners.sendTo(this.#process);
    try {
      await this.#process.plane.start(this.#config, this.#bundle);
      this.#becomeServing(now);
    } catch (error) {
      this.#log?.error({ err: error }, "Cannot start the data process");
      this.#process.kill();
    }
  }

  #becomeServing(crashedAt: number): void {
    if (this.#state === "starting") {
      this.#state = "serving";
      this.#log?.info(
        { pid: this.#process.pid, downMs: Date.now() - crashedAt },
        "Data process serves again",
      );
    }
  }

  #inTurn<Result>(action: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(action);
    this.#turn = result.catch(() => {});
    return result;
  }
}
