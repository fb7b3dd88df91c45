import { createHash } from "node:crypto";
import { createSecureContext, createServer, type SecureContext, type Server, type TLSSocket } from "node:tls";
import type { ListenerTls } from "../../config/model.ts";
import { type CertificateTable, createCertificateTable } from "./certificate-table.ts";
import { type KeyPair, loadAuthorities, loadKeyPair, TlsFileError } from "./pem.ts";

export const minVersion = "TLSv1.2";
/** RFC 7301; a client that offers only other protocols gets the alert `no_application_protocol`. */
export const applicationProtocols: readonly string[] = ["http/1.1"];

/** What the files of a listener held at one moment. */
export interface TlsMaterial {
  readonly config: ListenerTls;
  readonly pairs: readonly KeyPair[];
  readonly clientCa: Buffer | null;
  /** Equal when nothing a client could notice differs. */
  readonly fingerprint: string;
  /** Equal when clients are authenticated the same way. */
  readonly clientFingerprint: string;
}

/** @throws TlsFileError when a file is unusable. */
export function loadTlsMaterial(config: ListenerTls): TlsMaterial {
  const pairs = config.certificates.map(({ cert, key }) => loadKeyPair(cert, key));
  const clientCa = config.clientCa === null ? null : loadAuthorities(config.clientCa);
  const clientFingerprint = digest([config.clientCertificate, clientCa ?? ""]);
  const hosts = JSON.stringify(config.certificates.map((entry) => entry.hosts));
  const contents = pairs.flatMap(({ cert, key }) => [cert, key]);
  return {
    config,
    pairs,
    clientCa,
    clientFingerprint,
    fingerprint: digest([clientFingerprint, hosts, ...contents]),
  };
}

/** Every file that {@link loadTlsMaterial} reads. */
export function tlsFiles(config: ListenerTls): string[] {
  const files = config.certificates.flatMap(({ cert, key }) => [cert, key]);
  return config.clientCa === null ? files : [...files, config.clientCa];
}

/**
 * A TLS server that never listens: accepted sockets are handed to it as `connection` events. New
 * material means a new server, and handshakes under way finish on the old one.
 *
 * @param ticketKeys 48 bytes; keeping them keeps sessions resumable on the new server.
 * @param handshakeTimeout ms.
 * @throws TlsFileError when OpenSSL refuses the material.
 */
export function createTlsServer(
  material: TlsMaterial,
  ticketKeys: Buffer,
  handshakeTimeout: number,
  onSecure: (socket: TLSSocket) => void,
): Server {
  const { config, pairs, clientCa } = material;
  const first = pairs[0]!;
  const table = createTable(material, ticketKeys);
  return createServer(
    {
      cert: first.cert,
      key: first.key,
      ...(clientCa === null ? {} : { ca: clientCa }),
      minVersion,
      ticketKeys,
      ALPNProtocols: [...applicationProtocols],
      requestCert: config.clientCertificate !== "none",
      rejectUnauthorized: config.clientCertificate === "required",
      handshakeTimeout,
      SNICallback: (serverName, done) => done(null, table.select(serverName)),
    },
    onSecure,
  );
}

function createTable(material: TlsMaterial, ticketKeys: Buffer): CertificateTable<SecureContext> {
  const { config, pairs, clientCa } = material;
  const entries = pairs.map(({ cert, key, leaf }, index) => {
    const files = config.certificates[index]!;
    const authorities = clientCa === null ? {} : { ca: clientCa };
    const context = createContext(files.cert, { cert, key, ticketKeys, minVersion, ...authorities });
    return { context, hosts: files.hosts, subjectAltName: leaf.subjectAltName };
  });
  return createCertificateTable(entries);
}

function createContext(file: string, options: Parameters<typeof createSecureContext>[0]): SecureContext {
  try {
    return createSecureContext(options);
  } catch (error) {
    const found = (error as { reason?: string }).reason ?? (error as Error).message;
    throw new TlsFileError(`Cannot use certificate ${file}: ${found}`, { cause: error });
  }
}

function digest(parts: readonly (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("base64");
}
