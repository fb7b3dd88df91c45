import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findProgram } from "../process/find-program.ts";
import type { ProxyServer, Setup } from "./proxy.ts";

const program = findProgram("haproxy");

export const haproxy: ProxyServer = {
  name: "haproxy",
  absent: program === null ? "haproxy is not installed" : null,
  async prepare(setup) {
    const file = join(setup.directory, "haproxy.cfg");
    await writeFile(file, configuration(setup));
    return { file: program as string, args: ["-db", "-f", file] };
  },
};

function configuration({ port, upstreamPort, tls }: Setup): string {
  return `
global
  nbthread 1
  maxconn 15000
  # Ask for what the connections of the benchmark need and take what the machine allows.
  no strict-limits

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
  default_backend app

backend app
  server app 127.0.0.1:${upstreamPort}
`;
}
