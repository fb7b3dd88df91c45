/** The proxies, and with what settings each of them meets the faults. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "../process/child.ts";
import { findProgram } from "../process/find-program.ts";
import { freePort } from "../process/port.ts";
import { fromSource } from "../proxies/sluice.ts";

export interface Place {
  readonly port: number;
  readonly upstreams: readonly number[];
  /** Empty and its own. */
  readonly directory: string;
  /** Whether it should say all that it can, at the price of some speed. */
  readonly verbose: boolean;
}

export interface Contestant {
  readonly name: string;
  /** Why it cannot run on this machine, or null. */
  readonly absent: string | null;
  /** For the reader of the results. */
  readonly settings: string;
  readonly prepare: (place: Place) => Promise<Command>;
}

const sluice: Contestant = {
  name: "sluice",
  absent: fromSource.absent,
  settings: "defaults: four times `--upstream` and nothing else; no active checks",
  async prepare({ port, upstreams, verbose }) {
    const flags = upstreams.flatMap((upstream) => ["--upstream", `http://127.0.0.1:${upstream}`]);
    const admin = `127.0.0.1:${await freePort()}`;
    const log = verbose ? [] : ["--no-access-log"];
    const args = [...fromSource.args, ...flags, "--listen", `127.0.0.1:${port}`, "--admin", admin, ...log];
    return { file: fromSource.file, args };
  },
};

const haproxyProgram = findProgram("haproxy");

const haproxy: Contestant = {
  name: "haproxy",
  absent: haproxyProgram === null ? "haproxy is not installed" : null,
  settings:
    "`retries 2`, `option redispatch 1`, `retry-on conn-failure empty-response response-timeout 502 503 504`; " +
    "active checks (`option httpchk GET /`, with the defaults `inter 2s fall 3 rise 2`), " +
    "`observe layer7 on-error mark-down` with the default `error-limit 10`; " +
    "there are no default time-outs: 5 s to connect, 50 s for client and server, as its manual's examples have them",
  async prepare({ port, upstreams, directory }) {
    const file = join(directory, "haproxy.cfg");
    const servers = upstreams.map((upstream, index) => `  server s${index} 127.0.0.1:${upstream}`);
    await writeFile(
      file,
      `
global
  nbthread 1
  log stderr format raw local0 notice

defaults
  mode http
  log global
  timeout connect 5s
  timeout client 50s
  timeout server 50s
  retries 2
  option redispatch 1
  retry-on conn-failure empty-response response-timeout 502 503 504

frontend main
  bind 127.0.0.1:${port}
  default_backend app

backend app
  balance roundrobin
  option httpchk GET /
  default-server check observe layer7 on-error mark-down
${servers.join("\n")}
`,
    );
    return { file: haproxyProgram as string, args: ["-db", "-f", file] };
  },
};

const nginxProgram = findProgram("nginx");

const nginx: Contestant = {
  name: "nginx",
  absent: nginxProgram === null ? "nginx is not installed" : null,
  settings:
    "`proxy_next_upstream error timeout`, `max_fails=1 fail_timeout=10s` and time-outs of 60 s (connect, read, send): " +
    "all defaults; `keepalive 64` and HTTP/1.1 to the upstreams, which are not; it has no active checks",
  async prepare({ port, upstreams, directory }) {
    const file = join(directory, "nginx.conf");
    const servers = upstreams.map(
      (upstream) => `    server 127.0.0.1:${upstream} max_fails=1 fail_timeout=10s;`,
    );
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (kind) => `  ${kind}_temp_path ${join(directory, kind)};`,
    );
    await writeFile(
      file,
      `
daemon off;
${process.getuid?.() === 0 ? "user root;" : ""}
worker_processes 1;
pid ${join(directory, "nginx.pid")};
error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off;
${temporary.join("\n")}
  # As many requests as the load makes over one connection.
  keepalive_requests 100000000;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_next_upstream error timeout;
  upstream app {
${servers.join("\n")}
    keepalive 64;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://app; }
  }
}
`,
    );
    return { file: nginxProgram as string, args: ["-p", directory, "-c", file, "-e", "stderr"] };
  },
};

export const contestants: readonly Contestant[] = [sluice, haproxy, nginx];
