import { fork } from "node:child_process";
import { extname } from "node:path";
import { defaultEngine } from "#default-engine";
import type { PluginProblem } from "../../reload/problem.ts";
import type { Inspection, InspectionOrder } from "./inspection.ts";

const entry = new URL(`./inspect-main${extname(import.meta.url)}`, import.meta.url);

/** For all plugins together; each load has its own, shorter limit, ms. */
const timeLimit = 60_000;

type Message = { readonly loading: string } | { readonly inspection: Inspection };

/**
 * Looks into plugins in a process of its own: code that ends the process it runs in is told like any other
 * mistake, by the name of the plugin.
 */
export async function inspectPlugins(order: InspectionOrder): Promise<Inspection> {
  const { promise, resolve } = Promise.withResolvers<Inspection | null>();
  const flags = defaultEngine === "isolated-vm" ? ["--no-node-snapshot"] : [];
  const child = fork(entry, [], {
    execArgv: [...process.execArgv, ...flags],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  let loading = "";
  child.on("message", (message: Message) => {
    if ("loading" in message) loading = message.loading;
    else resolve(message.inspection);
  });
  child.once("error", () => resolve(null));
  child.once("exit", () => resolve(null));
  const timer = setTimeout(() => child.kill("SIGKILL"), timeLimit);
  child.send(order);
  const inspection = await promise;
  clearTimeout(timer);
  return (
    inspection ?? { plugins: [], problems: [lostProblem(order, loading)], misuses: [], finderMisuses: [] }
  );
}

function lostProblem({ bundle }: InspectionOrder, plugin: string): PluginProblem {
  const file = bundle.plugins.find(({ name }) => name === plugin)?.file ?? "plugins";
  return { file, line: 1, column: 1, message: "the process ended while the plugin was loaded", frame: "" };
}
