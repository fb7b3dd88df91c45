import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WebSocketServer } from "ws";
import { createHelloService } from "../../examples/hello/service.ts";
import { accepting } from "../support/accepting.ts";
import { freePort, listenLocally } from "../support/free-port.ts";
import { startProgram } from "../support/program.ts";

/** A running service that an operator might put Sluice in front of. */
export interface Service extends AsyncDisposable {
  readonly url: string;
}

/** Bytes of the file that the file servers serve as `/large`: more than any buffer on the way. */
export const largeSize = 3_000_000;

/** The example service, with a WebSocket echo at `/socket`. */
export async function startNode(): Promise<Service> {
  const server = createHelloService();
  const sockets = new WebSocketServer({ server, path: "/socket" });
  sockets.on("connection", (socket) =>
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary })),
  );
  const port = await listenLocally(server);
  return {
    url: urlOf(port),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** nginx serving files, in the foreground and as this user. */
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
      server { listen 127.0.0.1:${port}; root ${writeFiles(folder)}; }
    }`,
  );
  return startProgramOn(port, "/usr/sbin/nginx", ["-c", configFile, "-p", folder]);
}

/** Python's http.server serving files: HTTP/1.0, every response ends with its connection. */
export async function startPython(folder: string): Promise<Service> {
  const port = await freePort();
  const args = ["-m", "http.server", String(port), "--bind", "127.0.0.1", "--directory", writeFiles(folder)];
  return startProgramOn(port, "python3", args);
}

function writeFiles(folder: string): string {
  const files = join(folder, "files");
  mkdirSync(files, { recursive: true });
  writeFileSync(join(files, "index.html"), "<!doctype html><title>files</title><h1>Files</h1>\n");
  writeFileSync(join(files, "large"), Buffer.alloc(largeSize, "sluice"));
  return files;
}

async function startProgramOn(port: number, command: string, args: string[]): Promise<Service> {
  const program = startProgram(command, args);
  await Promise.race([accepting(port), program.ended.then(() => Promise.reject(new Error(program.output)))]);
  return { url: urlOf(port), [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`;
}
