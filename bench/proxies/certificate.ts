import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Certificate } from "./proxy.ts";

/**
 * Makes a self-signed P-256 certificate for 127.0.0.1.
 *
 * @throws when openssl is not installed
 */
export async function makeCertificate(directory: string): Promise<Certificate> {
  const cert = join(directory, "cert.pem");
  const key = join(directory, "key.pem");
  const both = join(directory, "both.pem");
  await promisify(execFile)(
    "openssl",
    [
      "req",
      "-x509",
      "-nodes",
      "-days",
      "2",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
    ].concat(
      ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
      ["-keyout", key, "-out", cert],
    ),
  );
  await writeFile(both, (await readFile(cert, "utf8")) + (await readFile(key, "utf8")));
  return { cert, key, both };
}
