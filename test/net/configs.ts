import type { Address, ListenerConfig, ListenerTls } from "../../core/config/model.ts";
import type { IssuedFiles } from "./certificates.ts";

export const loopback: Address = { host: "127.0.0.1", port: 0 };

export function listenerConfig(address: Address = loopback, tls: ListenerTls | null = null): ListenerConfig {
  return { name: "test", address, tls, maxConnections: 100 };
}

/** Served under the names in the certificates. */
export function listenerTls(...files: IssuedFiles[]): ListenerTls {
  const certificates = files.map((pair) => ({ ...pair, hosts: [] }));
  return { certificates, clientCa: null, clientCertificate: "none" };
}

/** Port of a TCP address. */
export function portOf(address: Address): number {
  if ("path" in address) throw new TypeError(`Cannot tell the port of ${address.path}`);
  return address.port;
}
