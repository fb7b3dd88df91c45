import type { webcrypto } from "node:crypto";
import { createCipheriv, createDecipheriv } from "node:crypto";
import { HostCallError } from "../error.ts";
import { type KeyRecord, platformKey } from "./key.ts";

const cipher = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;

/**
 * The keys of one guest. What the guest holds is a token: the whole key, sealed with a secret that
 * only this ring has. So a guest pays with its own memory for the keys that it holds, its garbage
 * collector frees them, and the host needs to remember none. It keeps the ones used last ready.
 */
export class KeyRing {
  private readonly secret = crypto.getRandomValues(new Uint8Array(32));
  private readonly open: Map<string, OpenKey> = new Map();
  private readonly maxOpen: number;
  private sealed = 0;

  /** @param maxOpen how many keys to keep ready */
  constructor(maxOpen: number) {
    this.maxOpen = maxOpen;
  }

  /** Keys that are ready now. */
  get size(): number {
    return this.open.size;
  }

  /** The token for a new key. */
  add(record: KeyRecord): string {
    const token = this.seal(record);
    this.remember(token, new OpenKey(record));
    return token;
  }

  /** @throws HostCallError `InvalidAccessError` when this ring has not made the token */
  get(token: string): OpenKey {
    const key = this.open.get(token) ?? new OpenKey(this.unseal(token));
    this.open.delete(token);
    this.remember(token, key);
    return key;
  }

  /** Forgets every key; tokens of this ring are worth nothing from now on. */
  clear(): void {
    this.open.clear();
    this.secret.fill(0);
    crypto.getRandomValues(this.secret);
  }

  private remember(token: string, key: OpenKey): void {
    this.open.set(token, key);
    if (this.open.size <= this.maxOpen) return;
    for (const oldest of this.open.keys()) {
      this.open.delete(oldest);
      return;
    }
  }

  private seal(record: KeyRecord): string {
    // A counter never repeats, which is all that GCM asks of a nonce (NIST SP 800-38D, 8.2.1).
    const nonce = Buffer.alloc(nonceBytes);
    nonce.writeUIntBE(++this.sealed, nonceBytes - 6, 6);
    const seal = createCipheriv(cipher, this.secret, nonce);
    const text = JSON.stringify({ ...record, material: Buffer.from(record.material).toString("base64") });
    return Buffer.concat([nonce, seal.update(text, "utf8"), seal.final(), seal.getAuthTag()]).toString(
      "base64",
    );
  }

  private unseal(token: string): KeyRecord {
    try {
      const sealed = Buffer.from(token, "base64");
      const seal = createDecipheriv(cipher, this.secret, sealed.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      seal.setAuthTag(sealed.subarray(-tagBytes));
      const text =
        seal.update(sealed.subarray(nonceBytes, -tagBytes), undefined, "utf8") + seal.final("utf8");
      const record = JSON.parse(text);
      return { ...record, material: new Uint8Array(Buffer.from(record.material, "base64")) };
    } catch {
      throw new HostCallError("InvalidAccessError", "Cannot use the key: it was not made in this plugin");
    }
  }
}

/** A key that is ready for use. */
export class OpenKey {
  readonly record: KeyRecord;
  private imported: Promise<webcrypto.CryptoKey> | null = null;

  constructor(record: KeyRecord) {
    this.record = record;
  }

  /** The platform's form of the key, made when it is first needed. */
  platform(): Promise<webcrypto.CryptoKey> {
    this.imported ??= platformKey(this.record);
    return this.imported;
  }
}
