import { fileURLToPath } from "node:url";
import { failure, hasEnded, startChild } from "../process/child.ts";
import type { Generator, LoadResult } from "./load.ts";

const script = fileURLToPath(new URL("./wrk.lua", import.meta.url));
const graceMs = 15_000;
// A slow answer shows in the latency; by default wrk calls it an error after 2 s.
const slow = "30s";

/** A generator that runs wrk with one thread. */
export function wrk(program: string): Generator {
  return async (load, target, seconds) => {
    const url = `${target.tls ? "https" : "http"}://127.0.0.1:${target.port}/`;
    const { method, body, close, pathField = "-", paths } = load;
    const shape = [method, body, close ? "close" : "keep-alive", pathField, ...paths];
    const flags = ["-t1", `-c${load.connections}`, `-d${seconds}s`, `-T${slow}`, "-s", script];
    const fields = Object.entries(load.fields ?? {}).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
    const args = [...flags, ...fields, url, "--", ...shape];
    const child = await startChild({ file: program, args }, seconds * 1000 + graceMs);
    await child.ended;
    const report = child
      .output("stdout")
      .split("\n")
      .find((line) => line.startsWith("{"));
    if (report === undefined || !hasEnded(child)) throw failure(child, "it made no report");
    return JSON.parse(report) as LoadResult;
  };
}
