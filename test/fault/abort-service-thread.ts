/** A service that answers with as many bytes as the path asks for, sometimes a little later, on a thread of its own. */
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort } from "node:worker_threads";
import { listenLocally } from "../support/free-port.ts";

const server = createServer(async (request, response) => {
  const length = Number(request.url?.slice(1));
  request.resume();
  if (length % 3 > 0) await sleep(length % 5);
  response.writeHead(200, length % 2 === 0 ? { "content-length": length } : {});
  response.end("x".repeat(length));
});
parentPort!.postMessage(await listenLocally(server));
