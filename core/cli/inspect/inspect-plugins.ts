import { fork } from "node:child_process";
import { extname } from "node:path";
import { defaultEngine } from "#default-engine";
import type { PluginProblem } from "../../reload/problem.ts";
import type { Work } from "./inspect.ts";
import type { Inspection, InspectionOrder } from "./inspection.ts";

const entry = new URL(`./inspect-main${extname(import.meta.url)}`, import.meta.url);

/** For all plugins together; each load and each setup has its own, shorter limit, ms. */
const timeLimit = 60_000;

/** What is about to run. */
interface Begun {
  readonly plugin: string;
  readonly work: Work;
}

type Message = Begun | { readonly inspection: Inspection };

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
  let last: Begun = { plugin: "", work: "loaded" };
  child.on("message", (message: Message) => {
    if ("inspection" in message) resolve(message.inspection);
    else last = message;
  });
  child.once("error", () => resolve(null));
  child.once("exit", () => resolve(null));
  const timer = setTimeout(() => child.kill("SIGKILL"), timeLimit);
  child.send(order);
  const inspection = await promise;
  clearTimeout(timer);
  return inspection ?? { plugins: [], problems: [lostProblem(order, last)], misuses: [], finderMisuses: [] };
}

function lostProblem({ bundle }: InspectionOrder, { plugin, work }: Begun): PluginProblem {
  const file = bundle.plugins.find(({ name }) => name === plugin)?.file ?? "plugins";
  const message = `the process ended while the plugin was ${work}`;
  return { file, line: 1, column: 1, message, frame: "" };
}
