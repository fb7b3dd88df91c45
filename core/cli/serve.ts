import { type ConfigRequest, defaultFile, findDefaultFile, readConfig } from "./config-source.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Runs the proxy until it is told to stop. With a file, a reload reads it again under the same flags
 * and variables.
 */
export async function serve(request: ConfigRequest, env: NodeJS.ProcessEnv): Promise<never> {
  const file = chooseFile(request);
  if (file === null && request.overrides.upstreams === undefined) {
    throw new UsageError(
      `Nothing to proxy to: expected --upstream URL or a file, found no ${defaultFile} here`,
    );
  }
  const read = () => readConfig(file, request.overrides, env);
  const [config, { runControl }] = await Promise.all([read(), import("../control/main.ts")]);
  const code = await runControl({ config, reload: file === null ? null : read, configFile: file });
  // The last log lines had their time: a reader that stalled must not keep the process alive.
  process.exit(code);
}

/** An upstream on the command line is a whole configuration: only a file that is named goes with it. */
function chooseFile({ file, overrides }: ConfigRequest): string | null {
  return file ?? (overrides.upstreams === undefined ? findDefaultFile() : null);
}
