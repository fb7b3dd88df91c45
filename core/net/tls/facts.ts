import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/** What is known of a client by its TLS connection; plain JSON. */
export interface TlsFacts {
  readonly protocol: string;
  /** The name that the client asked for (SNI); null when it named none. */
  readonly serverName: string | null;
  /** One that an authority of the listener signed; null when the client showed none. */
  readonly certificate: CertificateFacts | null;
}

export interface CertificateFacts {
  /** Distinguished name, one attribute per line. */
  readonly subject: string;
  readonly issuer: string;
  readonly subjectAltName: string | null;
  readonly serialNumber: string;
  readonly fingerprint256: string;
}

/** Null when the connection is not encrypted. */
export function tlsFacts(socket: Socket): TlsFacts | null {
  if (!isEncrypted(socket)) return null;
  const name = (socket as { servername?: string | false }).servername;
  return {
    protocol: socket.getProtocol() ?? "",
    serverName: typeof name === "string" ? name : null,
    certificate: socket.authorized ? certificateOf(socket) : null,
  };
}

/** By what it can tell: the connection of a test is of another class. */
function isEncrypted(socket: Socket): socket is TLSSocket {
  return "getPeerX509Certificate" in socket;
}

function certificateOf(socket: TLSSocket): CertificateFacts | null {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
  const { subject, issuer, subjectAltName, serialNumber, fingerprint256 } = certificate;
  return { subject, issuer, subjectAltName: subjectAltName ?? null, serialNumber, fingerprint256 };
}
