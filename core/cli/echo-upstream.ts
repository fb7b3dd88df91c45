import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type Endpoint, parseEndpoint } from "../config/endpoint.ts";

/** Of a body; what is longer is told by its length. */
const shownBytes = 64 * 1024;

/**
 * Starts a service that answers every request with what it received, as JSON: something to put a first policy
 * in front of. It keeps no process alive.
 */
export async function startEchoUpstream(): Promise<Endpoint> {
  const server = createServer(async (request, response) => {
    const body = await readBody(request);
    const { method, url, headers } = request;
    response.setHeader("content-type", "application/json");
    response.end(`${JSON.stringify({ method, url, headers, body }, null, 2)}\n`);
  });
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  server.unref();
  return parseEndpoint(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)!;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (length < shownBytes) chunks.push(chunk);
    length += chunk.length;
  }
  return length <= shownBytes ? Buffer.concat(chunks).toString() : `${length} bytes`;
}
