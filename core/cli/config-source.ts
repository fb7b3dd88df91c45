import { existsSync } from "node:fs";
import type { Config } from "../config/model.ts";
import { OverrideError, type Overrides } from "../config/overrides.ts";
import { UsageError } from "./usage-error.ts";

/** Read from the working directory when nothing else is said. */
export const defaultFile = "sluice.yaml";

/** The default file where there is one. */
export function findDefaultFile(): string | null {
  return existsSync(defaultFile) ? defaultFile : null;
}

export interface ConfigRequest {
  readonly file: string | null;
  readonly overrides: Overrides;
}

/**
 * The effective configuration of a file, or without one of the overrides alone.
 *
 * @throws ConfigError with every problem of the file
 * @throws UsageError when overrides contradict the file or each other
 */
export async function readConfig(
  file: string | null,
  overrides: Overrides,
  env: NodeJS.ProcessEnv,
): Promise<Config> {
  try {
    if (file === null) return (await import("../config/from-flags.ts")).configFromFlags(overrides);
    return await (await import("../config/load.ts")).loadConfigFile(file, { env, overrides });
  } catch (error) {
    if (error instanceof OverrideError) throw new UsageError(error.message);
    throw error;
  }
}
