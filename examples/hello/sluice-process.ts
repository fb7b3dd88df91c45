import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** Node strips the types of a hundred files at each start; kept here, the second start takes half the time. */
const compileCache = fileURLToPath(new URL("../../node_modules/.cache/compiled", import.meta.url));

const program = fileURLToPath(new URL("../../core/cli/main.ts", import.meta.url));

/**
 * Starts the `sluice` command from source, on the runtime and the terminal of this process, and
 * passes on the signals that stop it.
 *
 * @returns a promise of its exit code
 */
export async function runSluice(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: "inherit",
    env: { NODE_COMPILE_CACHE: compileCache, ...process.env },
  });
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.on("SIGINT", () => {
    // A terminal sends Ctrl-C to Sluice as well, and a second signal would cut its drain short.
    if (!process.stdin.isTTY) child.kill("SIGINT");
  });
  const [code]: (number | null)[] = await once(child, "exit");
  return code ?? 1;
}
