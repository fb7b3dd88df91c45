import { fileURLToPath } from "node:url";
import { type Child, firstLine, startChild } from "../process/child.ts";

export interface Upstream {
  readonly child: Child;
  readonly port: number;
}

/** Starts the fixed upstream in its own process. */
export async function startUpstream(lifetimeMs: number): Promise<Upstream> {
  const program = fileURLToPath(new URL("./main.ts", import.meta.url));
  const child = await startChild({ file: process.execPath, args: [program] }, lifetimeMs);
  return { child, port: Number(await firstLine(child)) };
}
