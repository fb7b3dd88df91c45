import t from "tap";
import { firstLine, startChild, stopChild } from "../../bench/process/child.ts";
import { cpuSeconds, memoryBytes, processTree, residentBytes } from "../../bench/process/usage.ts";

const skip = process.platform !== "linux" && "costs are read from Linux's /proc";
const lifetimeMs = 20_000;

// Prints when its own child has burnt a fifth of a second and was reaped, then waits.
const parent = `
  const { spawnSync } = require("node:child_process");
  const busy = "const { cpuUsage } = process; while (cpuUsage().user + cpuUsage().system < 200_000);";
  spawnSync(process.execPath, ["-e", busy]);
  console.log("reaped");
  process.stdin.resume();
`;

t.test("cpuSeconds counts descendants that have ended", { skip }, async (t) => {
  const child = await startChild({ file: process.execPath, args: ["-e", parent] }, lifetimeMs);
  t.equal(await firstLine(child), "reaped");
  t.ok(cpuSeconds(child.pid) >= 0.2);
  t.same(processTree(child.pid), [child.pid]);
  t.ok(memoryBytes(child.pid) > 1e6);
  t.ok(residentBytes(child.pid) >= memoryBytes(child.pid));
  await stopChild(child);
});

t.test("cpuSeconds of a process that ended is nothing", { skip }, async (t) => {
  const child = await startChild({ file: process.execPath, args: ["-e", ""] }, lifetimeMs);
  await child.ended;
  t.equal(cpuSeconds(child.pid), 0);
});

t.test("startChild ends a process that outlives its time", { skip }, async (t) => {
  const child = await startChild({ file: process.execPath, args: ["-e", "process.stdin.resume()"] }, 100);
  await child.ended;
  t.equal(child.process.signalCode, "SIGKILL");
});
