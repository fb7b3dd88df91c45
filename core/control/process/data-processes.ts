import type { Config } from "../../config/model.ts";
import { DataProcess } from "./data-process.ts";
import { TraceFile } from "./trace-file.ts";

/** After a data process was lost, each entry into a guest is traced for so long, in ms. */
const exactTraceTime = 300_000;

export interface DataProcessesOptions {
  readonly reactors: number;
  /** Whether it is started in the way that the engines of plugins need. */
  readonly hasPlugins: boolean;
  /** With which the next one starts. */
  readonly config: () => Config;
  /** Whether there is anything to stand by for. */
  readonly isServing: () => boolean;
}

/**
 * The present data process, and one that stands by while the present one does not come out of a guest: a process takes
 * longer to boot than that one has left.
 */
export class DataProcesses {
  readonly #options: DataProcessesOptions;
  #present: DataProcess;
  #standby: DataProcess | null = null;

  /** Forks at once. */
  constructor(options: DataProcessesOptions) {
    this.#options = options;
    this.#present = this.#fork(0);
  }

  get present(): DataProcess {
    return this.#present;
  }

  /** The present one is gone: the one that stands by takes its place, or a new one. */
  replace(): void {
    this.#present = this.#standby ?? this.#fork(exactTraceTime);
    this.#standby = null;
  }

  /** None comes after the present one. */
  close(): void {
    this.#dropStandby();
  }

  #fork(exactTrace: number): DataProcess {
    const { config, reactors, hasPlugins } = this.#options;
    // Two of them may run at a time.
    const trace = hasPlugins ? TraceFile.open() : null;
    const onSuspicion = (isStuck: boolean) => this.#prepareStandby(isStuck);
    try {
      return new DataProcess({ config: config(), reactors, hasPlugins, trace, exactTrace, onSuspicion });
    } catch (error) {
      trace?.close();
      throw error;
    }
  }

  #prepareStandby(isNeeded: boolean): void {
    if (!isNeeded || !this.#options.isServing()) {
      this.#dropStandby();
      return;
    }
    try {
      this.#standby ??= this.#fork(exactTraceTime);
    } catch {
      // Who needs it then tries again, and tells.
    }
  }

  #dropStandby(): void {
    this.#standby?.kill();
    this.#standby = null;
  }
}
