import { ConfigError } from "../config/problem.ts";
import { PluginStartError } from "../control/plugins/start-error.ts";
import { parseCommandLine } from "./args.ts";
import { exitCodes } from "./exit-codes.ts";
import { reportProblems } from "./report.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Runs one command line to its end.
 *
 * @returns the exit code
 */
export async function runCommandLine(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  try {
    return await dispatch(argv, env);
  } catch (error) {
    return explain(error);
  }
}

async function dispatch(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const command = parseCommandLine(argv, env);
  if (command.kind !== "run" && command.kind !== "dev") endWithReader();
  switch (command.kind) {
    case "help":
      return print((await import("./help.ts")).helpFor(command.topic));
    case "version":
      return print(`sluice ${(await import("../observe/version.ts")).readVersion()}\n`);
    case "schema":
      return print((await import("../config/schema/json-schema.ts")).jsonSchemaText());
    case "new":
      return (await import("./authoring/new-policy.ts")).newPolicy(command, env);
    case "test":
      return (await import("./authoring/test-plugins.ts")).testPlugins(command, env);
    case "plan":
      return (await import("./plan/plan.ts")).plan(command, env);
    case "key":
      return (await import("./key/key.ts")).key(command, env);
    case "dev":
      return (await import("./dev.ts")).dev(command, env);
    case "check":
      return (await import("./check/check.ts")).check(command, env);
    case "run":
      return (await import("./serve.ts")).serve(command, env);
  }
}

/** Who reads what is printed may have enough of it, as `head` has. */
function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(exitCodes.ok);
  });
}

function print(text: string): number {
  process.stdout.write(text);
  return exitCodes.ok;
}

function explain(error: unknown): number {
  if (error instanceof ConfigError) return reportProblems(error.problems, process.stderr);
  if (error instanceof UsageError) {
    process.stderr.write(`sluice: ${error.message}\nTry "sluice --help"\n`);
    return exitCodes.usage;
  }
  if (error instanceof PluginStartError) {
    process.stderr.write(`${error.message}\n`);
    return exitCodes.config;
  }
  process.stderr.write(`sluice: ${error instanceof Error ? error.message : String(error)}\n`);
  return exitCodes.failure;
}
