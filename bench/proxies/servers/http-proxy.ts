/** http-proxy with a keep-alive agent: without one it opens a connection for every request. */
import http from "node:http";
import https from "node:https";
import httpProxy from "http-proxy";
import { keepAliveTimeout, serverArguments } from "./arguments.ts";

const { port, upstream, tls } = serverArguments();
const agent = new http.Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
const proxy = httpProxy.createProxyServer({ target: upstream, agent });
proxy.on("error", (_error, _request, response) => response.destroy());

function handle(request: http.IncomingMessage, response: http.ServerResponse): void {
  proxy.web(request, response);
}

const server = tls ? https.createServer(tls, handle) : http.createServer(handle);
server.keepAliveTimeout = keepAliveTimeout;
server.listen({ port, host: "127.0.0.1", backlog: 4096 });
