/** Sluice as the command that `sluice plan --deno` prints starts it, in a folder outside of this project. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import type { Test } from "tap";
import { listenLocally } from "../support/free-port.ts";
import { type Program, startProgram } from "../support/program.ts";

export const binary = resolve("core/cli/main.ts");
export const bin = resolve("node_modules/.bin");
/** A folder of its own: that of the system holds the tests' own folders, and is given as a whole. */
const temporary = mkdtempSync(join(tmpdir(), "sluice-deno-tmp-"));
process.once("exit", () => rmSync(temporary, { recursive: true, force: true }));

export const env = {
  ...process.env,
  TMPDIR: temporary,
  PATH: bin + delimiter + process.env["PATH"],
  SECRET: "of the proxy",
  GRANTED_ONE: "1",
};

/** A folder outside of this project, with an empty one for plugins in it. */
export function folder(t: Test, files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), "sluice-deno-"));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  mkdirSync(join(path, "plugins"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

export const answering = (text: string) =>
  `export default { onRequest() { return new Response("${text}"); } };\n`;

/** The port of a service that answers with its name. */
export async function service(t: Test, name = "service"): Promise<number> {
  const server = createServer((_, response) => response.end(name));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return listenLocally(server);
}

/** The command that `sluice plan --deno` prints. */
export async function plan(cwd: string, ...options: string[]): Promise<string> {
  await using program = startProgram(process.execPath, [binary, "plan", "--deno", ...options], { cwd, env });
  if ((await program.ended) !== 0) throw new Error(program.output);
  return program.output.trim();
}

export const start = (cwd: string, command: string): Program =>
  startProgram("sh", ["-c", `exec ${command}`], { cwd, env });

export async function get(port: number, path = "/"): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return response.text();
}
