import { existsSync, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";

export type RuntimeName = "node" | "deno";

/** The runtime that this process runs on. */
export function thisRuntime(): RuntimeName {
  return "deno" in process.versions ? "deno" : "node";
}

/**
 * The program of a runtime: that of this process, or the first one on PATH, by its own name.
 *
 * @returns null when there is none
 */
export function runtimeProgram(runtime: RuntimeName, path = process.env["PATH"] ?? ""): string | null {
  if (runtime === thisRuntime()) return process.execPath;
  const programs = path.split(delimiter).map((folder) => join(folder, runtime));
  const found = programs.find((program) => existsSync(program));
  return found === undefined ? null : realpathSync(found);
}
