/** @fastify/http-proxy with the gate in its hooks. */
import fastifyHttpProxy from "@fastify/http-proxy";
import fastify from "fastify";
import { gateKey } from "../gate.ts";
import { keepAliveTimeout, serverArguments } from "./arguments.ts";

const { port, upstream, tls } = serverArguments();
const server = fastify({ logger: false, keepAliveTimeout, https: tls });
await server.register(fastifyHttpProxy, {
  upstream,
  preHandler(request, reply, done) {
    if (request.headers["x-api-key"] === gateKey) done();
    else reply.code(401).send({ title: "key missing or wrong" });
  },
  replyOptions: {
    rewriteRequestHeaders: (_request, headers) => ({ ...headers, "x-tenant": "acme" }),
    rewriteHeaders: (headers) => ({ ...headers, "x-policy": "seen" }),
  },
});
await server.listen({ port, host: "127.0.0.1", backlog: 4096 });
