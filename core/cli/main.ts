#!/usr/bin/env node
// Nothing is imported statically: an older Node must reach the message, not a syntax error.
const oldestNode = 24;

if (Number.parseInt(process.versions.node, 10) < oldestNode) {
  process.stderr.write(`sluice needs Node ${oldestNode} or later, found ${process.versions.node}\n`);
  process.exitCode = 1;
} else {
  const { runCommandLine } = await import("./run.ts");
  process.exitCode = await runCommandLine(process.argv.slice(2), process.env);
}
