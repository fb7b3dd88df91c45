import { styleText } from "node:util";
import { noGrants } from "../../config/defaults.ts";
import { missingGrants } from "../../policy/grants.ts";
import { formatPluginProblem, type PluginProblem } from "../../reload/problem.ts";
import type { PluginFacts } from "./inspection.ts";

/** Writes each problem with the lines around its place. */
export function reportPluginProblems(
  problems: readonly PluginProblem[],
  stream: NodeJS.WriteStream,
  kind = "",
): void {
  for (const problem of problems) {
    const line = formatPluginProblem({ ...problem, message: `${kind}${problem.message}` });
    const place = line.length - problem.message.length - kind.length;
    stream.write(`${styleText("bold", line.slice(0, place), { stream })}${line.slice(place)}\n`);
    if (problem.frame !== "") stream.write(`${problem.frame}\n\n`);
  }
}

/**
 * What each plugin is and asks for, for people.
 *
 * @example
 * // plugins/10-tenant.ts: tenant, isolated-vm, fails closed (a built-in one: "built in: cors, inline, ...")
 * //   onRequest, onResponse
 * //   kv                              granted
 * //   fetch https://tenants.internal  not granted
 */
export function describePlugins(plugins: readonly PluginFacts[]): string {
  return plugins.map(describePlugin).join("");
}

function describePlugin({
  name,
  file,
  builtIn,
  engine,
  onFailure,
  phases,
  discovers,
  capabilities,
  missing,
}: PluginFacts): string {
  const wishes = missingGrants(capabilities, noGrants);
  const width = Math.max(0, ...wishes.map((wish) => wish.length));
  const grants = wishes.map(
    (wish) => `${wish.padEnd(width)}  ${missing.includes(wish) ? "not granted" : "granted"}`,
  );
  const handlers = [...phases, ...(discovers ? ["discover"] : [])];
  const lines = [
    handlers.join(", ") || "no phases",
    ...(grants.length === 0 ? ["asks for nothing"] : grants),
  ];
  return `${builtIn ? "built in" : file}: ${name}, ${engine}, fails ${onFailure}\n${lines.map((line) => `  ${line}\n`).join("")}`;
}
