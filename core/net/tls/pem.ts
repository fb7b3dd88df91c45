import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileFault } from "../../config/source/file-fault.ts";

/** A certificate, key or authority file that cannot be used, in one line for the operator. */
export class TlsFileError extends Error {
  override readonly name = "TlsFileError";
}

/** A certificate chain with the private key of its first certificate. */
export interface KeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly leaf: X509Certificate;
}

/**
 * Reads a PEM certificate chain and its unencrypted key.
 *
 * @throws TlsFileError when a file cannot be read or parsed, or the two do not belong together.
 */
export function loadKeyPair(certFile: string, keyFile: string): KeyPair {
  const cert = read("certificate", certFile);
  const leaf = parseCertificate("certificate", certFile, cert);
  const key = read("key", keyFile);
  // Checked here because not every runtime does so when it makes the context.
  if (!leaf.checkPrivateKey(parseKey(keyFile, key))) {
    throw new TlsFileError(`Cannot use key ${keyFile}: it does not belong to certificate ${certFile}`);
  }
  return { cert, key, leaf };
}

/**
 * Reads a PEM file with one or more certificates of authorities.
 *
 * @throws TlsFileError when the file cannot be read or does not start with a certificate.
 */
export function loadAuthorities(file: string): Buffer {
  const pem = read("authorities", file);
  parseCertificate("authorities", file, pem);
  return pem;
}

function read(what: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new TlsFileError(`Cannot read ${what} ${file}: ${readFailure(error)}`, { cause: error });
  }
}

function readFailure(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") return "no such file";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  if (code === "EISDIR") return "it is a directory";
  return code ?? fileFault(error);
}

function parseCertificate(what: string, file: string, pem: Buffer): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new TlsFileError(`Cannot use ${what} ${file}: it holds no PEM certificate`, { cause: error });
  }
}

function parseKey(file: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const found = pem.includes("ENCRYPTED") ? "it is encrypted" : "it holds no PEM private key";
    throw new TlsFileError(`Cannot use key ${file}: ${found}`, { cause: error });
  }
}
