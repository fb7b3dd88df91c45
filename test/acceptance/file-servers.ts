import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { accepting } from "../support/accepting.ts";
import { freePort } from "../support/free-port.ts";
import { startProgram } from "../support/program.ts";
import { writeFiles } from "./files.ts";

/** A server that Sluice can stand in front of. */
export interface Service extends AsyncDisposable {
  readonly url: string;
}

/**
 * nginx with files, in the foreground and as this user. `/connection` says which of its connections the
 * request came on.
 */
export async function startNginx(folder: string): Promise<Service> {
  const port = await freePort();
  const configFile = join(folder, "nginx.conf");
  writeFileSync(
    configFile,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr;
    events {}
    http {
      access_log off;
      client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
      uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
      types { text/html html; text/plain txt; }
      absolute_redirect off;
      gzip on; gzip_types text/plain; gzip_proxied any;
      server {
        listen 127.0.0.1:${port};
        root ${writeFiles(folder)};
        location = /connection { return 200 $connection; }
        location = /shy.txt { gzip_proxied off; alias ${folder}/files/story.txt; }
        location = /moved { return 301 /index.html; }
      }
    }`,
  );
  const program = startProgram("/usr/sbin/nginx", ["-c", configFile, "-p", folder]);
  await Promise.race([accepting(port), program.ended.then(() => Promise.reject(new Error(program.output)))]);
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

/** Python's http.server with files: HTTP/1.0, every response ends with its connection. */
export async function startPython(folder: string): Promise<Service> {
  return startPythonProgram([
    "-m",
    "http.server",
    "0",
    "--bind",
    "127.0.0.1",
    "--directory",
    writeFiles(folder),
  ]);
}

/** The same without Content-Length: only the end of the connection says where a response ends. */
export async function startCloseDelimited(folder: string): Promise<Service> {
  const program = `
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

class WithoutLength(SimpleHTTPRequestHandler):
    def send_header(self, name, value):
        if name.lower() != "content-length":
            super().send_header(name, value)

handler = partial(WithoutLength, directory=${JSON.stringify(writeFiles(folder))})
server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
print("port", server.server_port, flush=True)
server.serve_forever()
`;
  return startPythonProgram(["-c", program]);
}

/** Starts a server that says `port N` when it listens. */
async function startPythonProgram(args: readonly string[]): Promise<Service> {
  const program = startProgram("python3", ["-u", ...args]);
  await program.said(/port \d+/);
  const port = /port (\d+)/.exec(program.output)?.[1];
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}
