import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findProgram } from "../process/find-program.ts";
import { checkGate, checkTellingGate, gateKey } from "./gate.ts";
import type { ProxyServer, Setup } from "./proxy.ts";

const program = findProgram("haproxy");

/** HAProxy with the gate in Lua. */
export const haproxyLua: ProxyServer = withLua("haproxy-lua", [], checkGate);

/** The same, telling services and clients what Sluice tells them of its own accord. */
export const haproxyLuaTelling: ProxyServer = withLua(
  "haproxy-lua-telling",
  [
    "option forwardfor",
    "http-request set-header X-Forwarded-Proto http",
    "http-request set-header X-Forwarded-Host %[req.hdr(host)]",
    "http-request set-header X-Request-Id %[uuid()]",
    'http-request add-header Via "1.1 haproxy"',
    'http-response add-header Via "1.1 haproxy"',
  ],
  checkTellingGate,
);

/** @param more lines of the frontend */
function withLua(
  name: string,
  more: readonly string[],
  check: NonNullable<ProxyServer["check"]>,
): ProxyServer {
  return {
    name,
    absent: program === null ? "haproxy is not installed" : null,
    async prepare(setup) {
      const script = join(setup.directory, "gate.lua");
      const file = join(setup.directory, "haproxy.cfg");
      await writeFile(script, gate);
      const frontend = ["http-request lua.gate", "http-response lua.mark", ...more].join("\n  ");
      await writeFile(file, configuration(setup, { global: `lua-load ${script}`, frontend }));
      return { file: program as string, args: ["-db", "-f", file] };
    },
    check,
  };
}

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
