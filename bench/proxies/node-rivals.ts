import { fileURLToPath } from "node:url";
import { checkValidation } from "./built-in-work.ts";
import { checkGate } from "./gate.ts";
import type { ProxyServer } from "./proxy.ts";

/** @fastify/http-proxy on the Node that runs the benchmark. */
export const fastify: ProxyServer = rival("fastify", "@fastify/http-proxy", "./servers/fastify.ts");

/** @fastify/http-proxy that also does the work of the gate. */
export const fastifyHooks: ProxyServer = {
  ...rival("fastify-hooks", "@fastify/http-proxy", "./servers/fastify-hooks.ts"),
  check: checkGate,
};

/** @fastify/http-proxy that validates bodies first. */
export const fastifyValidation: ProxyServer = {
  ...rival("fastify-validate", "@fastify/http-proxy", "./servers/fastify-validate.ts"),
  check: checkValidation,
};

/** http-proxy on the Node that runs the benchmark. */
export const httpProxy: ProxyServer = rival("http-proxy", "http-proxy", "./servers/http-proxy.ts");

function rival(name: string, dependency: string, server: string): ProxyServer {
  return {
    name,
    absent: isInstalled(dependency) ? null : `${dependency} is not installed`,
    async prepare({ port, upstreamPort, tls }) {
      const files = tls ? [tls.cert, tls.key] : [];
      const program = fileURLToPath(new URL(server, import.meta.url));
      return { file: process.execPath, args: [program, String(port), String(upstreamPort), ...files] };
    },
  };
}

function isInstalled(dependency: string): boolean {
  try {
    import.meta.resolve(dependency);
    return true;
  } catch {
    return false;
  }
}
