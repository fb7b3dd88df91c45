import { spawnSync } from "node:child_process";
import { findPrograms } from "../support/missing.ts";

/** Path of a Node on the PATH that is older than the oldest supported one, or null. */
export function findOldNode(oldest: number): string | null {
  return findPrograms("node").find((node) => majorVersion(node) < oldest) ?? null;
}

function majorVersion(node: string): number {
  const { stdout } = spawnSync(node, ["--print", "process.versions.node"], { encoding: "utf8" });
  return Number.parseInt(stdout, 10);
}
