import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** An authority of the test's own, whose folder holds everything that it signs. */
export interface Authority {
  /** PEM file of the authority's certificate. */
  readonly file: string;
  readonly pem: Buffer;
  /** Signs a new certificate; `names` are host names or IP addresses. */
  issue(name: string, names: readonly string[]): IssuedFiles;
}

export interface IssuedFiles {
  readonly cert: string;
  readonly key: string;
}

/** @param folder that exists; the authority makes its own inside. */
export function createAuthority(folder: string): Authority {
  const home = mkdtempSync(join(folder, "authority-"));
  const file = join(home, "ca.pem");
  const key = join(home, "ca-key.pem");
  openssl(["req", "-x509", ...newKey(key), "-out", file, "-subj", "/CN=Test authority", "-days", "2"]);
  return { file, pem: readFileSync(file), issue: (name, names) => issue(home, name, names) };
}

function issue(home: string, name: string, names: readonly string[]): IssuedFiles {
  const [cert, key, request, extensions] = ["pem", "key.pem", "csr", "ext"].map((suffix) =>
    join(home, `${name}.${suffix}`),
  ) as [string, string, string, string];
  const alternatives = names.map((host) => (/^[0-9.]+$|:/.test(host) ? `IP:${host}` : `DNS:${host}`));
  const subject = alternatives.length > 0 ? `subjectAltName=${alternatives.join(",")}\n` : "";
  writeFileSync(extensions, `basicConstraints=CA:FALSE\n${subject}`);
  openssl(["req", ...newKey(key), "-out", request, "-subj", `/CN=${name}`]);
  const authority = ["-CA", join(home, "ca.pem"), "-CAkey", join(home, "ca-key.pem"), "-CAcreateserial"];
  openssl(["x509", "-req", "-in", request, ...authority, "-extfile", extensions, "-days", "2", "-out", cert]);
  return { cert, key };
}

function newKey(file: string): string[] {
  return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file];
}

function openssl(args: readonly string[]): void {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
}
