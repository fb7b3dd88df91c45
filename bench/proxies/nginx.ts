import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findProgram } from "../process/find-program.ts";
import { type ProxyServer, routePrefixes, type Setup } from "./proxy.ts";

const program = findProgram("nginx");

/** nginx with its buffering of responses as shipped: 4 kB buffers, then a file. */
export const nginx: ProxyServer = nginxWith("nginx", {});

/** The reference for large bodies: what a careful operator would make of nginx for them. */
export const nginxTuned: ProxyServer = nginxWith("nginx-64k", {
  http: "proxy_buffering off; proxy_buffer_size 64k; proxy_buffers 8 64k;",
});

/** Lines added to the configuration. */
export interface NginxParts {
  readonly main?: string;
  readonly http?: string;
  readonly server?: string;
  readonly location?: string;
}

export function nginxWith(name: string, parts: NginxParts | ((setup: Setup) => NginxParts)): ProxyServer {
  return {
    name,
    absent: program === null ? "nginx is not installed" : null,
    async prepare(setup) {
      const file = join(setup.directory, "nginx.conf");
      await writeFile(file, configuration(setup, typeof parts === "function" ? parts(setup) : parts));
      return { file: program as string, args: ["-p", setup.directory, "-c", file, "-e", "stderr"] };
    },
  };
}

function configuration({ port, upstreamPort, tls, routes, directory }: Setup, parts: NginxParts): string {
  const locations = routePrefixes(routes).map(
    (prefix) => `location ${prefix} { ${parts.location ?? ""} proxy_pass http://app; }`,
  );
  const certificate = tls && `ssl_certificate ${tls.cert}; ssl_certificate_key ${tls.key};`;
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${join(directory, kind)};`)
    .join("\n  ");
  const user = process.getuid?.() === 0 ? "user root;" : "";
  return `
daemon off;
${parts.main ?? ""}
${user}
worker_processes 1;
pid ${join(directory, "nginx.pid")};
error_log stderr error;
events { worker_connections 18000; }
http {
  access_log off;
  ${temporary}
  client_body_buffer_size 64k;
  keepalive_timeout 120s;
  keepalive_requests 100000000;
  ssl_protocols TLSv1.2 TLSv1.3;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  ${parts.http ?? ""}
  upstream app {
    server 127.0.0.1:${upstreamPort};
    keepalive 256;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${port} ${tls ? "ssl " : ""}backlog=4096;
    ${certificate ?? ""}
    ${parts.server ?? ""}
    ${locations.join("\n    ")}
  }
}
`;
}
