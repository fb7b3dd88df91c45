/** @fastify/http-proxy as its documentation shows it. */
import fastifyHttpProxy from "@fastify/http-proxy";
import fastify from "fastify";
import { keepAliveTimeout, serverArguments } from "./arguments.ts";

const { port, upstream, tls } = serverArguments();
const server = fastify({ logger: false, keepAliveTimeout, https: tls });
await server.register(fastifyHttpProxy, { upstream });
await server.listen({ port, host: "127.0.0.1", backlog: 4096 });
