import { webcrypto } from "node:crypto";

type Bytes = ArrayBuffer | Uint8Array<ArrayBuffer>;

interface Pair {
  readonly publicKey: webcrypto.CryptoKey;
  readonly privateKey: webcrypto.CryptoKey;
}

/** The platform's own `crypto.subtle`, for parameters that a test takes from a list. */
export const platform = webcrypto.subtle as unknown as {
  digest(algorithm: unknown, data: Bytes): Promise<ArrayBuffer>;
  sign(algorithm: unknown, key: object, data: Bytes): Promise<ArrayBuffer>;
  verify(algorithm: unknown, key: object, signature: Bytes, data: Bytes): Promise<boolean>;
  encrypt(algorithm: unknown, key: object, data: Bytes): Promise<ArrayBuffer>;
  decrypt(algorithm: unknown, key: object, data: Bytes): Promise<ArrayBuffer>;
  deriveBits(algorithm: unknown, key: object, length: number): Promise<ArrayBuffer>;
  deriveKey(...parameters: unknown[]): Promise<webcrypto.CryptoKey>;
  generateKey(algorithm: unknown, extractable: boolean, usages: string[]): Promise<Pair>;
  importKey(
    format: string,
    data: unknown,
    algorithm: unknown,
    extractable: boolean,
    usages: string[],
  ): Promise<webcrypto.CryptoKey>;
  exportKey(format: "jwk", key: object): Promise<object>;
  exportKey(format: string, key: object): Promise<ArrayBuffer>;
};
