import { existsSync, readdirSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram } from "../process/find-program.ts";
import { freePort } from "../process/port.ts";
import { type ProxyServer, routePrefixes, type Setup } from "./proxy.ts";

const core = fileURLToPath(new URL("../../core/", import.meta.url));
const source = join(core, "cli/main.ts");
const built = fileURLToPath(new URL("../../dist/core/cli/main.js", import.meta.url));
const deno = findProgram("deno");

/** Sluice from its source, on the Node that runs the benchmark. */
export const sluice: ProxyServer = sluiceWith("sluice", process.execPath, [source], missing(source));

/** Sluice as it is published: the output of `npm run build`. */
export const sluiceBuilt: ProxyServer = sluiceWith(
  "sluice-built",
  process.execPath,
  [built],
  missing(built) ?? outdated(),
);

/** Sluice from its source, both processes under Deno. */
export const sluiceDeno: ProxyServer = sluiceWith(
  "sluice-deno",
  deno as string,
  ["run", "-A", source],
  deno === null ? "deno is not installed" : missing(source),
);

function sluiceWith(
  name: string,
  file: string,
  start: readonly string[],
  absent: string | null,
): ProxyServer {
  return {
    name,
    absent,
    async prepare(setup) {
      const args = setup.tls !== null || setup.routes > 1 ? await fromFile(setup) : fromFlags(setup);
      return {
        file,
        args: [...start, ...args, "--admin", `127.0.0.1:${await freePort()}`, "--no-access-log"],
      };
    },
  };
}

function fromFlags({ port, upstreamPort }: Setup): string[] {
  return ["--upstream", `http://127.0.0.1:${upstreamPort}`, "--listen", `127.0.0.1:${port}`];
}

async function fromFile(setup: Setup): Promise<string[]> {
  const file = join(setup.directory, "sluice.yaml");
  await writeFile(file, configuration(setup));
  return ["--config", file];
}

function configuration({ port, upstreamPort, tls, routes }: Setup): string {
  const certificate = tls && `    tls: { certificates: [{ cert: ${tls.cert}, key: ${tls.key} }] }\n`;
  const entries = routePrefixes(routes).map((prefix) => `  - { path: ${prefix}, cluster: app }\n`);
  return `
listeners:
  - address: 127.0.0.1:${port}
${certificate ?? ""}clusters:
  app: { endpoints: ["http://127.0.0.1:${upstreamPort}"] }
routes:
${entries.join("")}`;
}

function missing(program: string): string | null {
  return existsSync(program) ? null : `${program} does not exist`;
}

/** An old build would be measured as if it were the code that is read. */
function outdated(): string | null {
  const builtAt = statSync(built).mtimeMs;
  const files = readdirSync(core, { recursive: true, encoding: "utf8" });
  const newer = files.find((file) => file.endsWith(".ts") && changedAt(join(core, file)) > builtAt);
  return newer === undefined ? null : `dist is older than core/${newer}: run npm run build`;
}

function changedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
