/** @fastify/http-proxy behind Fastify's own validation of bodies, which is Ajv. */
import fastifyHttpProxy from "@fastify/http-proxy";
import fastify from "fastify";
import { orderSchema } from "../built-in-work.ts";
import { keepAliveTimeout, serverArguments } from "./arguments.ts";

const { port, upstream } = serverArguments();
// Ajv turns "2" into 2 by default, and drops what is not expected, in place of refusing it.
const ajv = { customOptions: { coerceTypes: false, removeAdditional: false } } as const;
const server = fastify({ logger: false, keepAliveTimeout, ajv });
await server.register(fastifyHttpProxy, {
  upstream,
  proxyPayloads: false,
  preHandler(request, reply, done) {
    if (request.method !== "POST") done();
    else if (request.validateInput(request.body, orderSchema)) done();
    else reply.code(422).send({ title: "the body does not fit its schema" });
  },
});
await server.listen({ port, host: "127.0.0.1", backlog: 4096 });
