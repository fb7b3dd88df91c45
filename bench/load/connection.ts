import net, { type Socket } from "node:net";
import tls from "node:tls";
import type { Load, Target } from "./load.ts";

/** Starts to connect to a target on loopback. */
export function connect(target: Target): Socket {
  const options = { host: "127.0.0.1", port: target.port };
  // The certificate was made for this run and nobody signed it.
  const socket = target.tls ? tls.connect({ ...options, rejectUnauthorized: false }) : net.connect(options);
  return socket.setNoDelay(true);
}

/** The bytes of one request for each path of the load. */
export function requestBytes(load: Load, target: Target): Buffer[] {
  const connection = load.close ? "Connection: close\r\n" : "";
  const length = load.method === "POST" ? `Content-Length: ${Buffer.byteLength(load.body)}\r\n` : "";
  const more = Object.entries(load.fields ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
  const fields = `Host: 127.0.0.1:${target.port}\r\n${connection}${length}${more.join("")}`;
  return load.paths.map((path) => {
    const own = load.pathField === undefined ? "" : `${load.pathField}: ${path}\r\n`;
    return Buffer.from(`${load.method} ${path} HTTP/1.1\r\n${fields}${own}\r\n${load.body}`);
  });
}
