import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Hello</title>
<h1>Hello from behind Sluice</h1>
<p><a href="/">JSON</a>, <a href="/slow">a response that takes its time</a></p>
</html>
`;

/**
 * The service that stands behind Sluice in the examples: JSON at `/`, a page at `/page`, what was
 * posted at `/echo`, and five lines in two seconds at `/slow`. It is not listening yet.
 */
export function createHelloService(): Server {
  return createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.destroy(error));
  });
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url?.split("?")[0];
  if (path === "/" && isRead(request)) sendJson(response, 200, describe(request));
  else if (path === "/page" && isRead(request)) send(response, 200, "text/html; charset=utf-8", page);
  else if (path === "/slow" && isRead(request)) await sendSlowly(response);
  else if (path === "/echo" && request.method === "POST") echo(request, response);
  else sendJson(response, 404, { title: "Nothing here" });
}

function isRead({ method }: IncomingMessage): boolean {
  return method === "GET" || method === "HEAD";
}

/** Shows what reached the service, so that the fields the proxy adds can be seen. */
function describe({ method, url, headers }: IncomingMessage): object {
  return { message: "Hello from behind Sluice", method, url, headers };
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  const type = request.headers["content-type"] ?? "application/octet-stream";
  response.writeHead(200, { "content-type": type });
  request.pipe(response);
}

async function sendSlowly(response: ServerResponse): Promise<void> {
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
  for (let line = 1; line <= 5 && !response.destroyed; line++) {
    response.write(`line ${line} of 5\n`);
    await delay(400);
  }
  response.end();
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  send(response, status, "application/json", `${JSON.stringify(value, null, 2)}\n`);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}
