import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkGate, gateKey } from "./gate.ts";
import type { ProxyServer, Setup } from "./proxy.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
// The program itself: what the package puts into .bin may be a script that keeps a Node beside it.
const packaged = join(
  root,
  `node_modules/@cloudflare/workerd-linux-${process.arch === "arm64" ? "arm64" : "64"}/bin/workerd`,
);
/** Where it is, or would be. */
export const workerdProgram = process.env["SLUICE_BENCH_WORKERD"] ?? packaged;

/** Cloudflare's runtime with the gate as a worker: an isolate in front of a service, as a plugin is. */
export const workerd: ProxyServer = {
  name: "workerd",
  absent: existsSync(workerdProgram) ? null : "workerd is not installed: npm install --no-save workerd",
  async prepare(setup) {
    await writeFile(join(setup.directory, "gate.js"), gate);
    const file = join(setup.directory, "workerd.capnp");
    await writeFile(file, configuration(setup));
    return { file: workerdProgram, args: ["serve", file] };
  },
  check: checkGate,
};

const gate = `
export default {
  async fetch(request, env) {
    if (request.headers.get("x-api-key") !== env.KEY) {
      return Response.json({ title: "key missing or wrong" }, { status: 401 });
    }
    const marked = new Request(request);
    marked.headers.set("x-tenant", "acme");
    const answer = await env.APP.fetch(marked);
    const response = new Response(answer.body, answer);
    response.headers.set("x-policy", "seen");
    return response;
  },
};
`;

function configuration({ port, upstreamPort }: Setup): string {
  return `
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .gate),
    (name = "app", external = (address = "127.0.0.1:${upstreamPort}", http = ())),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);

const gate :Workerd.Worker = (
  modules = [(name = "gate", esModule = embed "gate.js")],
  compatibilityDate = "2025-01-01",
  bindings = [(name = "KEY", text = "${gateKey}"), (name = "APP", service = "app")],
);
`;
}
