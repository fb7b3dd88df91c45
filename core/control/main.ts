import type { Config } from "../config/model.ts";
import { Supervisor } from "./process/supervisor.ts";
import { awaitTermination } from "./termination.ts";

export interface ControlOptions {
  readonly config: Config;
  /** Reads the config again and throws `ConfigError` when it is invalid; null: there is nothing to reload. */
  readonly reload: (() => Promise<Config>) | null;
  /** Watched for changes. */
  readonly configFile: string | null;
}

/**
 * Runs the proxy: starts the data process and keeps it running, serves the admin pages, reloads
 * the config, and drains on SIGTERM or SIGINT. A second signal ends everything at once with
 * the exit code 128 + its number.
 *
 * @returns the exit code
 * @throws ListenError when an address cannot be bound, and what else keeps the proxy from starting
 */
export async function runControl(options: ControlOptions): Promise<number> {
  // The fork comes first: the data process boots while the rest of this one is loaded.
  const supervisor = new Supervisor(options.config);
  const termination = awaitTermination(() => supervisor.kill());
  try {
    const { operate } = await import("./operate.ts");
    return await operate(supervisor, termination.requested, options);
  } finally {
    termination.release();
  }
}
