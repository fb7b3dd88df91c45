import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findProgram } from "../process/find-program.ts";
import { checkGate, gateKey } from "./gate.ts";
import type { ProxyServer, Setup } from "./proxy.ts";

const program = findProgram("haproxy");

/** HAProxy with the gate in Lua. */
export const haproxyLua: ProxyServer = {
  name: "haproxy-lua",
  absent: program === null ? "haproxy is not installed" : null,
  async prepare(setup) {
    const script = join(setup.directory, "gate.lua");
    const file = join(setup.directory, "haproxy.cfg");
    await writeFile(script, gate);
    const frontend = "http-request lua.gate\n  http-response lua.mark";
    await writeFile(file, configuration(setup, { global: `lua-load ${script}`, frontend }));
    return { file: program as string, args: ["-db", "-f", file] };
  },
  check: checkGate,
};

// `req_fhdr` costs less than `txn.http:req_get_headers()`, which makes a table of all fields.
const gate = `
core.register_action("gate", { "http-req" }, function(txn)
  if txn.sf:req_fhdr("x-api-key") ~= "${gateKey}" then
    txn:done(txn:reply({ status = 401 }))
  end
  txn.http:req_set_header("x-tenant", "acme")
end)

core.register_action("mark", { "http-res" }, function(txn)
  txn.http:res_set_header("x-policy", "seen")
end)
`;

export const haproxy: ProxyServer = {
  name: "haproxy",
  absent: program === null ? "haproxy is not installed" : null,
  async prepare(setup) {
    const file = join(setup.directory, "haproxy.cfg");
    await writeFile(file, configuration(setup));
    return { file: program as string, args: ["-db", "-f", file] };
  },
};

function configuration(
  { port, upstreamPort, tls }: Setup,
  parts: { readonly global?: string; readonly frontend?: string } = {},
): string {
  return `
global
  nbthread 1
  maxconn 15000
  # Ask for what the connections of the benchmark need and take what the machine allows.
  no strict-limits
  ${parts.global ?? ""}

defaults
  mode http
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 120s
  timeout server 60s
  timeout http-keep-alive 120s

frontend main
  bind 127.0.0.1:${port} backlog 4096 ${tls ? `ssl crt ${tls.both}` : ""}
  ${parts.frontend ?? ""}
  default_backend app

backend app
  server app 127.0.0.1:${upstreamPort}
`;
}
