import type { ChildProcess } from "node:child_process";
import type { Config } from "../../config/model.ts";

export interface LaunchOptions {
  /** The config that it is going to serve. */
  readonly config: Config;
  /** Arguments of the data process. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Whether it has to run the engines of plugins. */
  readonly hasPlugins: boolean;
  /** A file that it is to have open under the next number after the channel; null: none. */
  readonly descriptor: number | null;
}

/** A data process, with a channel to it. */
export interface Launched {
  readonly child: ChildProcess;
  /** @throws Error when the config needs what the process was started without */
  demand(config: Config): void;
}
