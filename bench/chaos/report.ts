/** What was seen, as tables for the terminal and as a page beside the other results. */
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Cells } from "../report/cells.ts";
import { describeMachine, type Machine } from "../report/machine.ts";
import type { Contestant } from "./contestants.ts";
import type { ChaosOptions, ChaosResult } from "./run-scenario.ts";
import type { Scenario } from "./scenarios.ts";

const directory = fileURLToPath(new URL("../results/", import.meta.url));

/** One scenario: a line for each proxy. */
export function scenarioCells({ id, title }: Scenario, results: readonly ChaosResult[]): Cells {
  return {
    title,
    head: ["", "requests", "failed", "share", "how", "p50", "p99", "max"],
    body: results
      .filter(({ scenario }) => scenario === id)
      .map((result) => [
        result.name,
        String(result.requests),
        String(result.failed),
        percent(share(result)),
        Object.entries(result.kinds)
          .map(([kind, count]) => `${count} ${kind}`)
          .join(", ") || "-",
        milliseconds(result.p50),
        milliseconds(result.p99),
        milliseconds(result.max),
      ]),
  };
}

/** What Sluice has to keep. */
export function mustCells(scenarios: readonly Scenario[], results: readonly ChaosResult[]): Cells {
  const body = scenarios.flatMap(({ id, title, must }) => {
    const result = results.find(({ scenario, name }) => scenario === id && name === "sluice");
    if (must === null || result === undefined) return [];
    const verdict = share(result) <= must ? "must met" : "missed";
    return [
      [title, `${result.failed} of ${result.requests}`, percent(share(result)), percent(must), verdict],
    ];
  });
  return { title: "Requests through Sluice that fail", head: ["", "failed", "share", "must", ""], body };
}

/**
 * Writes chaos.json and chaos.md.
 *
 * @returns the directory
 */
export async function saveChaos(
  scenarios: readonly Scenario[],
  contestants: readonly Contestant[],
  results: readonly ChaosResult[],
  load: ChaosOptions["load"],
): Promise<string> {
  const machine = await describeMachine();
  await mkdir(directory, { recursive: true });
  await writeFile(`${directory}chaos.json`, `${JSON.stringify({ machine, load, results }, null, 2)}\n`);
  await writeFile(`${directory}chaos.md`, page(machine, scenarios, contestants, results, load));
  return directory;
}

function page(
  machine: Machine,
  scenarios: readonly Scenario[],
  contestants: readonly Contestant[],
  results: readonly ChaosResult[],
  load: ChaosOptions["load"],
): string {
  const tables = [mustCells(scenarios, results), ...scenarios.map((one) => scenarioCells(one, results))];
  const { processor, kernel, node, nginx, haproxy } = machine;
  const where = Object.entries({ processor, kernel, node, nginx, haproxy });
  const settings = contestants.map((one) => `- **${one.name}**: ${one.settings}`);
  return `# Under failure

Four services on \`node:http\`, each answering after 5 ms, behind each proxy in turn; ${load.connections} keep-alive
connections ask ${load.rate} times a second each for ${load.seconds} s, fewer where they have to wait. A request has failed when its answer
is no 200, is not whole, belongs to another request or takes longer than ${load.timeout / 1000} s. Latency counts from sending
the request; what was not sent because its connection was waiting is in no column but the lower number of requests.

${where.map(([name, value]) => `- ${name}: ${value}`).join("\n")}

Settings:

${settings.join("\n")}

${tables.map(markdownTable).join("\n")}`;
}

function markdownTable({ title, head, body }: Cells): string {
  const alignment = head.map((_, column) => (column === 0 ? "---" : "---:"));
  const lines = [head, alignment, ...body].map((line) => `| ${line.join(" | ")} |`);
  return `## ${title}\n\n${lines.join("\n")}\n`;
}

function share({ failed, requests }: ChaosResult): number {
  return failed / requests;
}

function percent(value: number): string {
  return `${Number((value * 100).toPrecision(2))} %`;
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}
