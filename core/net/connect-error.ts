import { type ErrorCode, ProxyError } from "../errors.ts";

/**
 * What a failed connect means for the exchange. Nothing of a request was sent, so it may go to another
 * endpoint or be tried again.
 *
 * @param error of the socket, before it was ready.
 * @param endpoint as it shall stand in the message.
 */
export function toConnectError(error: unknown, endpoint: string): ProxyError {
  if (error instanceof ProxyError) return error;
  const failure = firstOf(error);
  const code = failure.code ?? "";
  const reason = reasons[code] ?? firstLine(failure.reason ?? failure.message ?? code);
  return new ProxyError(codeOf(code), `Cannot connect to ${endpoint}: ${reason}`, {
    source: "upstream",
    retry: "safe",
    cause: error,
  });
}

/** What Node's errors of sockets and TLS carry; `reason` is OpenSSL's, a message without its file names. */
interface SocketFailure {
  readonly code?: string;
  readonly reason?: string;
  readonly message?: string;
}

/** When every address of a name failed the errors come as one, and the first address is the preferred one. */
function firstOf(error: unknown): SocketFailure {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors[0] as SocketFailure;
  return (error ?? {}) as SocketFailure;
}

function codeOf(code: string): ErrorCode {
  const known = codes[code];
  if (known !== undefined) return known;
  if (code.startsWith("EAI_")) return "name_unresolved";
  if (certificateErrors.has(code)) return "tls_certificate";
  return /^(ERR_SSL_|ERR_TLS_|ERR_OSSL_)/.test(code) ? "tls_failed" : "connect_failed";
}

const codes: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: "connect_refused",
  ENOTFOUND: "name_unresolved",
  ETIMEDOUT: "connect_timeout",
  ECONNRESET: "upstream_closed",
  EPIPE: "upstream_closed",
  EPROTO: "tls_failed",
};

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ENOTFOUND: "name does not resolve",
  EAI_AGAIN: "name service does not answer",
  ETIMEDOUT: "connection timed out",
  ECONNRESET: "connection closed before it was ready",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to the network",
  EADDRNOTAVAIL: "no local port is free",
  ENOENT: "no such socket",
  EACCES: "permission denied",
  EMFILE: "too many open files",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate chain ends in an authority that is not trusted",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed and not trusted",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is signed by an authority that is not trusted",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is signed by an authority that is not trusted",
  CERT_HAS_EXPIRED: "its certificate has expired",
};

/** The results of OpenSSL's X509_verify_cert as Node names them, and its own check of the name. */
const certificateErrors: ReadonlySet<string> = new Set([
  "CERT_CHAIN_TOO_LONG",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REJECTED",
  "CERT_REVOKED",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "CRL_HAS_EXPIRED",
  "CRL_NOT_YET_VALID",
  "CRL_SIGNATURE_FAILURE",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERROR_IN_CERT_NOT_AFTER_FIELD",
  "ERROR_IN_CERT_NOT_BEFORE_FIELD",
  "ERR_TLS_CERT_ALTNAME_FORMAT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "HOSTNAME_MISMATCH",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "PATH_LENGTH_EXCEEDED",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY",
  "UNABLE_TO_DECRYPT_CERT_SIGNATURE",
  "UNABLE_TO_GET_CRL",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0]!;
}
