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

/** What a config file says beside listeners and routes. */
export interface SluiceParts {
  /** Makes the settings of the cluster, as a YAML map. */
  readonly cluster?: (setup: Setup) => string;
  /** Of every route, as in the config file. */
  readonly policies?: readonly object[];
  /** Lines of routes that come before the others. */
  readonly routes?: string;
  /** Makes what is added at the end. */
  readonly section?: (setup: Setup) => Promise<string>;
}

/**
 * Sluice as a proxy of the benchmark.
 *
 * @param parts without any, flags are enough for plain text and one route
 */
export function sluiceWith(
  name: string,
  { file, args, absent }: SluiceProgram,
  parts: SluiceParts | null = null,
): ProxyServer {
  return {
    name,
    absent,
    async prepare(setup) {
      const needsFile = setup.tls !== null || setup.routes > 1 || parts !== null;
      const flags = needsFile ? await fromFile(setup, parts ?? {}) : fromFlags(setup);
      const admin = `127.0.0.1:${await freePort()}`;
      return { file, args: [...args, ...flags, "--admin", admin, "--no-access-log"] };
    },
  };
}

function fromFlags({ port, upstreamPort }: Setup): string[] {
  return ["--upstream", `http://127.0.0.1:${upstreamPort}`, "--listen", `127.0.0.1:${port}`];
}

async function fromFile(setup: Setup, parts: SluiceParts): Promise<string[]> {
  const file = join(setup.directory, "sluice.yaml");
  await writeFile(file, configuration(setup, parts, (await parts.section?.(setup)) ?? ""));
  return ["--config", file];
}

function configuration(setup: Setup, parts: SluiceParts, section: string): string {
  const { port, tls, routes } = setup;
  const certificate = tls && `    tls: { certificates: [{ cert: ${tls.cert}, key: ${tls.key} }] }\n`;
  // What is JSON is YAML, too.
  const policies = parts.policies ? `, policies: ${JSON.stringify(parts.policies)}` : "";
  const entries = routePrefixes(routes).map((prefix) => `  - { path: ${prefix}, cluster: app${policies} }\n`);
  return `
listeners:
  - address: 127.0.0.1:${port}
${certificate ?? ""}clusters:
  app: ${(parts.cluster ?? onlyUpstream)(setup)}
routes:
${parts.routes ?? ""}${entries.join("")}${section}`;
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
