import { existsSync, readdirSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram } from "../process/find-program.ts";
import { freePort } from "../process/port.ts";
import { type ProxyServer, routePrefixes, type Setup } from "./proxy.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const source = join(root, "core/cli/main.ts");
const built = join(root, "dist/core/cli/main.js");
const deno = findProgram("deno");

/** A way to start Sluice. */
export interface SluiceProgram {
  readonly file: string;
  readonly args: readonly string[];
  readonly absent: string | null;
}

/** From its source, on the Node that runs the benchmark. */
export const fromSource: SluiceProgram = { file: process.execPath, args: [source], absent: missing(source) };

/** As it is published: the output of `npm run build`. */
export const asPublished: SluiceProgram = {
  file: process.execPath,
  args: [built],
  absent: missing(built) ?? outdated(),
};

/** From its source, both processes under Deno. */
const underDeno: SluiceProgram = {
  file: deno as string,
  args: ["run", "-A", source],
  absent: deno === null ? "deno is not installed" : missing(source),
};

export const sluice: ProxyServer = sluiceWith("sluice", fromSource);
export const sluiceBuilt: ProxyServer = sluiceWith("sluice-built", asPublished);
export const sluiceDeno: ProxyServer = sluiceWith("sluice-deno", underDeno);

/**
 * Sluice as a proxy of the benchmark.
 *
 * @param section makes what is added to its config file; without it, flags are enough for plain text and one route
 * @param cluster makes the settings of the cluster in that file, as a YAML map
 */
export function sluiceWith(
  name: string,
  { file, args, absent }: SluiceProgram,
  section?: (setup: Setup) => Promise<string>,
  cluster: (setup: Setup) => string = onlyUpstream,
): ProxyServer {
  return {
    name,
    absent,
    async prepare(setup) {
      const more = await section?.(setup);
      const needsFile = setup.tls !== null || setup.routes > 1 || more !== undefined;
      const flags = needsFile ? await fromFile(setup, cluster(setup), more ?? "") : fromFlags(setup);
      const admin = `127.0.0.1:${await freePort()}`;
      return { file, args: [...args, ...flags, "--admin", admin, "--no-access-log"] };
    },
  };
}

function fromFlags({ port, upstreamPort }: Setup): string[] {
  return ["--upstream", `http://127.0.0.1:${upstreamPort}`, "--listen", `127.0.0.1:${port}`];
}

async function fromFile(setup: Setup, cluster: string, more: string): Promise<string[]> {
  const file = join(setup.directory, "sluice.yaml");
  await writeFile(file, configuration(setup, cluster, more));
  return ["--config", file];
}

function configuration({ port, tls, routes }: Setup, cluster: string, more: string): string {
  const certificate = tls && `    tls: { certificates: [{ cert: ${tls.cert}, key: ${tls.key} }] }\n`;
  const entries = routePrefixes(routes).map((prefix) => `  - { path: ${prefix}, cluster: app }\n`);
  return `
listeners:
  - address: 127.0.0.1:${port}
${certificate ?? ""}clusters:
  app: ${cluster}
routes:
${entries.join("")}${more}`;
}

function onlyUpstream({ upstreamPort }: Setup): string {
  return `{ endpoints: ["http://127.0.0.1:${upstreamPort}"] }`;
}

function missing(program: string): string | null {
  return existsSync(program) ? null : `${program} does not exist`;
}

/** An old build would be measured as if it were the code that is read. */
function outdated(): string | null {
  const builtAt = statSync(built).mtimeMs;
  for (const room of ["core", "sdk"]) {
    const files = readdirSync(join(root, room), { recursive: true, encoding: "utf8" });
    const newer = files.find((file) => file.endsWith(".ts") && changedAt(join(root, room, file)) > builtAt);
    if (newer !== undefined) return `dist is older than ${room}/${newer}: run npm run build`;
  }
  return null;
}

function changedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
