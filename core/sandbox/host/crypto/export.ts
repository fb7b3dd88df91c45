import { webcrypto } from "node:crypto";
import { HostCallError } from "../error.ts";
import { orFailWith } from "./failure.ts";
import { withStandardName } from "./jwk.ts";
import type { KeyRecord } from "./key.ts";
import type { OpenKey } from "./key-ring.ts";
import type { CryptoRequest } from "./request.ts";

const formats = ["raw", "spki", "pkcs8", "jwk"] as const;

/**
 * The key in the format of the request: bytes, or the JSON text of a JWK; or the step that makes it.
 *
 * @throws HostCallError `InvalidAccessError` when the key may not leave or has no such format
 */
export function exportKey(
  key: OpenKey,
  request: CryptoRequest,
): Uint8Array | (() => Promise<Uint8Array | string>) {
  const { record } = key;
  const format = request.choice("format", formats);
  if (!record.extractable) {
    throw new HostCallError("InvalidAccessError", "Cannot export the key: it is not extractable");
  }
  if (format === "jwk") return () => exportJwk(key);
  if (format === ownFormat(record)) return record.material.slice();
  if (format === "raw" && record.type === "public" && !record.algorithm.name.startsWith("RSA")) {
    return () => exportPoint(key);
  }
  throw new HostCallError("InvalidAccessError", `Cannot export a ${record.type} key in the format ${format}`);
}

function ownFormat({ type }: KeyRecord): string {
  if (type === "secret") return "raw";
  return type === "public" ? "spki" : "pkcs8";
}

function exportJwk(key: OpenKey): Promise<string> {
  return orFailWith("OperationError", "Cannot export the key", async () => {
    const jwk = await webcrypto.subtle.exportKey("jwk", await key.platform());
    return JSON.stringify({
      ...withStandardName(jwk, key.record.algorithm),
      key_ops: key.record.usages,
      ext: true,
    });
  });
}

function exportPoint(key: OpenKey): Promise<Uint8Array> {
  return orFailWith("OperationError", "Cannot export the key", async () => {
    return new Uint8Array(await webcrypto.subtle.exportKey("raw", await key.platform()));
  });
}
