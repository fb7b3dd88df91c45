import { type ConfigRequest, defaultFile, findDefaultFile, readConfig } from "./config-source.ts";
import { exitCodes } from "./exit-codes.ts";
import { UsageError } from "./usage-error.ts";

/**
 * `sluice check`: says whether the file could be served, without binding a port. Certificates and keys are
 * read and compared too.
 *
 * @throws ConfigError with every problem
 */
export async function check(request: ConfigRequest, env: NodeJS.ProcessEnv): Promise<number> {
  const file = request.file ?? findDefaultFile();
  if (file === null) throw new UsageError(`Nothing to check: expected a file, found no ${defaultFile} here`);
  const config = await readConfig(file, request.overrides, env);
  const { tlsFaults } = await import("./check-tls.ts");
  const faults = tlsFaults(config);
  for (const fault of faults) process.stderr.write(`${file}: ${fault}\n`);
  if (faults.length > 0) return exitCodes.failure;
  const { listeners, clusters, routes } = config;
  const parts = [count(listeners, "listener"), count(clusters, "cluster"), count(routes, "route")];
  process.stdout.write(`${file}: valid, ${parts.join(", ")}\n`);
  return exitCodes.ok;
}

function count(items: readonly unknown[], noun: string): string {
  return `${items.length} ${noun}${items.length === 1 ? "" : "s"}`;
}
