/** Texts that only this proxy can read and write, for a browser to keep (AES-256-GCM, NIST SP 800-38D). */
import { base64url } from "jose";
import { isCanonicalBase64Url } from "../../jwt/token-form.ts";
import { Busy, cryptoTurns } from "../../turns.ts";

type Bytes = Uint8Array<ArrayBuffer>;

interface BoxKey {
  /** Of a sealed text: so that one key has to be tried. */
  readonly id: Bytes;
  readonly key: CryptoKey;
}

const idLength = 6;
const ivLength = 12;
const headLength = idLength + ivLength;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Seals with the first of several secrets and opens with all of them.
 *
 * @example
 * const box = await SealedBox.from(["0123456789abcdef0123456789abcdef"], ["session", issuer, clientId]);
 * await box.open(await box.seal("hello")); // "hello"
 */
export class SealedBox {
  private readonly keys: readonly BoxKey[];

  private constructor(keys: readonly BoxKey[]) {
    this.keys = keys;
  }

  /** @param purpose what is sealed for one purpose cannot be opened for another one */
  static async from(secrets: readonly string[], purpose: readonly string[]): Promise<SealedBox> {
    return new SealedBox(await Promise.all(secrets.map((secret) => deriveKey(secret, purpose))));
  }

  /** Base64url. */
  async seal(text: string): Promise<string> {
    const { id, key } = this.keys[0]!;
    const iv = crypto.getRandomValues(new Uint8Array(ivLength));
    const encrypt = () => crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, encoder.encode(text));
    const sealed = await cryptoTurns.take(encrypt);
    const bytes = new Uint8Array(headLength + sealed.byteLength);
    bytes.set(id);
    bytes.set(iv, idLength);
    bytes.set(new Uint8Array(sealed), headLength);
    return base64url.encode(bytes);
  }

  /** Null: it was not sealed here, or not left as it was. */
  async open(sealed: string): Promise<string | null> {
    if (!isCanonicalBase64Url(sealed)) return null;
    const bytes = base64url.decode(sealed) as Bytes;
    const found = this.keys.find(({ id }) => id.every((byte, index) => byte === bytes[index]));
    if (found === undefined || bytes.length <= headLength) return null;
    const iv = bytes.slice(idLength, headLength);
    const decrypt = () => crypto.subtle.decrypt({ name: "AES-GCM", iv }, found.key, bytes.slice(headLength));
    try {
      return decoder.decode(await cryptoTurns.take(decrypt));
    } catch (error) {
      if (error instanceof Busy) throw error;
      return null;
    }
  }
}

/** RFC 5869. The text of the purpose has one reading only. */
async function deriveKey(secret: string, purpose: readonly string[]): Promise<BoxKey> {
  const material = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, [
    "deriveBits",
  ]);
  const info = encoder.encode(JSON.stringify(["sluice auth oidc", ...purpose]));
  const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info } as const;
  const bits = new Uint8Array(await crypto.subtle.deriveBits(derivation, material, (32 + idLength) * 8));
  const key = await crypto.subtle.importKey("raw", bits.slice(0, 32), "AES-GCM", false, [
    "encrypt",
    "decrypt",
  ]);
  return { id: bits.slice(32), key };
}
