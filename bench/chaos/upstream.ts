/**
 * One of the services that the faults happen to: `node upstream.ts PORT`. Answers each request after 5 ms with its
 * own path, so that a client sees an answer that belongs to somebody else. Reads its conduct from stdin, one JSON
 * object a line, prints a line when it listens, and ends when its stdin closes.
 */
import http from "node:http";
import { createInterface } from "node:readline";
import type { Conduct } from "./fleet.ts";

const workMs = 5;
const longestDrainMs = 5000;

let conduct: Conduct = { delay: 0, failEvery: 0 };
let draining = false;
let count = 0;

const server = http.createServer((request, response) => {
  const fails = conduct.failEvery > 0 && ++count % conduct.failEvery === 0;
  setTimeout(() => {
    // A client that reuses the connection after this would be refused.
    if (draining) response.setHeader("Connection", "close");
    response.writeHead(fails ? 500 : 200, { "Content-Type": "text/plain" }).end(request.url);
  }, workMs + conduct.delay);
});

/** As a service does that is stopped by its orchestrator: nothing new, idle connections closed, the rest finished. */
process.on("SIGTERM", () => {
  draining = true;
  server.close(() => process.exit(0));
  setTimeout(() => process.exit(1), longestDrainMs).unref();
});

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  conduct = JSON.parse(line) as Conduct;
});
lines.on("close", () => process.exit(0));

server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 }, () => {
  process.stdout.write("listening\n");
});
