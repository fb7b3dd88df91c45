import { addressExpected, formatAddress, isHostName, parseAddress } from "../address.ts";
import { defaultListener } from "../defaults.ts";
import type { Address, CertificateFiles, ListenerConfig, ListenerTls } from "../model.ts";
import { isName, nameExpected } from "../names.ts";
import type { ConfigFile } from "../schema/schema.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";
import { resolveFile } from "./file.ts";

type ListenerInFile = NonNullable<ConfigFile["listeners"]>[number];
type TlsInFile = NonNullable<ListenerInFile["tls"]>;

/**
 * The listeners of the file; what is wrong with them is reported to the source.
 *
 * @param admin an address that none of them can have
 */
export function resolveListeners(
  listeners: ConfigFile["listeners"],
  admin: Address | null,
  source: ConfigSource,
): ListenerConfig[] {
  const written = listeners ?? [{ address: defaultListener.address }];
  const resolved: ListenerConfig[] = [];
  const names = new Set<string>();
  const addresses = new Set<string>(admin === null ? [] : [formatAddress(admin)]);
  written.forEach((listener, index) => {
    const path = ["listeners", index];
    const config = resolveListener(listener, path, source);
    if (config === null) return;
    resolved.push(config);
    if (isTaken(config.address, addresses)) {
      source.expect(
        [...path, "address"],
        "an address that neither admin nor another listener has",
        listener.address,
      );
    } else if (names.has(config.name)) {
      source.expect([...path, "name"], "a name that no other listener has", config.name);
    }
    names.add(config.name);
  });
  return resolved;
}

/** Port 0 is a different port for each listener. */
function isTaken(address: Address, addresses: Set<string>): boolean {
  const text = formatAddress(address);
  const taken = addresses.has(text) && !("port" in address && address.port === 0);
  addresses.add(text);
  return taken;
}

function resolveListener(listener: ListenerInFile, path: Path, source: ConfigSource): ListenerConfig | null {
  const { name, tls, maxConnections } = listener;
  if (name !== undefined && !isName(name)) source.expect([...path, "name"], nameExpected, name);
  const listenerTls = tls === undefined ? null : resolveTls(tls, [...path, "tls"], source);
  const address = parseAddress(listener.address);
  if (address === null) {
    source.expect([...path, "address"], addressExpected, listener.address);
    return null;
  }
  return {
    name: name ?? formatAddress(address),
    address,
    tls: listenerTls,
    maxConnections: maxConnections ?? defaultListener.maxConnections,
  };
}

function resolveTls(tls: TlsInFile, path: Path, source: ConfigSource): ListenerTls {
  const certificates: CertificateFiles[] = [];
  tls.certificates.forEach((certificate, index) => {
    const place = [...path, "certificates", index];
    certificates.push({
      cert: resolveFile(certificate.cert, [...place, "cert"], source),
      key: resolveFile(certificate.key, [...place, "key"], source),
      hosts: resolveServerNames(certificate.hosts ?? [], [...place, "hosts"], source),
    });
  });
  const clientCa =
    tls.clientCa === undefined ? null : resolveFile(tls.clientCa, [...path, "clientCa"], source);
  const clientCertificate = tls.clientCertificate ?? (clientCa === null ? "none" : "required");
  if (clientCertificate !== "none" && clientCa === null) {
    source.expect([...path, "clientCertificate"], "clientCa beside it, to verify with", clientCertificate);
  }
  return { certificates, clientCa, clientCertificate };
}

function resolveServerNames(hosts: readonly string[], path: Path, source: ConfigSource): string[] {
  const names: string[] = [];
  hosts.forEach((host, index) => {
    if (!isHostName(host.replace(/^\*\./, ""))) {
      source.expect([...path, index], "a server name such as example.com or *.example.com", host);
    }
    names.push(host.toLowerCase());
  });
  return names;
}
