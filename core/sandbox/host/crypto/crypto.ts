/** The host's side of `crypto.subtle`: what guests ask for is checked here and done by the platform's Web Cryptography. */
import { webcrypto } from "node:crypto";
import { HostOp } from "../../../../sdk/runtime/host-op.ts";
import { HostCallError } from "../error.ts";
import { argon2id, argon2Parameters } from "./argon2.ts";
import { exportKey } from "./export.ts";
import { orFailWith } from "./failure.ts";
import {
  generatePair,
  generateSecret,
  isHeavy,
  readDerivedKey,
  readGeneration,
  secretOf,
} from "./generate.ts";
import { isSameMac, quickDigest, quickHmac } from "./hash.ts";
import { importKey } from "./import.ts";
import { algorithmNames, hashNames, isPaired, type KeyRecord, type Usage } from "./key.ts";
import { KeyRing, type OpenKey } from "./key-ring.ts";
import { type CryptoLimits, defaultCryptoLimits, maxQuickBytes } from "./limits.ts";
import { CryptoOperations } from "./operations.ts";
import { cipherParameters, derivationParameters, signatureParameters } from "./parameters.ts";
import { CryptoRequest } from "./request.ts";

type Answer = string | Uint8Array;
type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Answers at once when it can. Throws, or rejects with, a HostCallError. The bytes are the
 * handler's own until it has answered.
 */
export type CryptoHandler = (text: string, bytes: Uint8Array | undefined) => Answer | Promise<Answer>;

/** The crypto of one guest. */
export interface CryptoHost {
  /** By the number of the operation (`HostOp.digest` and so on). */
  readonly handlers: ReadonlyMap<number, CryptoHandler>;
  /** Forgets the guest's keys, and the work that waits. What still runs ends by itself; later calls are refused. */
  dispose(): void;
}

/**
 * Makes the crypto of one guest. No key ever lies in a guest: it holds sealed tokens.
 *
 * @example
 * const host = createCryptoHost();
 * host.handlers.get(HostOp.digest)!("SHA-256", new Uint8Array([1, 2, 3])); // 32 bytes
 * host.dispose();
 */
export function createCryptoHost(limits: CryptoLimits = defaultCryptoLimits): CryptoHost {
  const guest = new GuestCrypto(limits);
  const handlers = new Map<number, CryptoHandler>([
    [HostOp.digest, (text, bytes) => guest.digest(text, bytes ?? new Uint8Array())],
    [HostOp.generateKey, (text, bytes) => guest.generateKey(guest.read(text, bytes))],
    [HostOp.importKey, (text, bytes) => guest.importKey(guest.read(text, bytes))],
    [HostOp.exportKey, (text, bytes) => guest.exportKey(guest.read(text, bytes))],
    [HostOp.sign, (text, bytes) => guest.sign(guest.read(text, bytes))],
    [HostOp.verify, (text, bytes) => guest.verify(guest.read(text, bytes))],
    [HostOp.encrypt, (text, bytes) => guest.cipher("encrypt", guest.read(text, bytes))],
    [HostOp.decrypt, (text, bytes) => guest.cipher("decrypt", guest.read(text, bytes))],
    [HostOp.deriveBits, (text, bytes) => guest.derive(guest.read(text, bytes))],
  ]);
  return { handlers, dispose: () => guest.dispose() };
}

class GuestCrypto {
  private readonly limits: CryptoLimits;
  private readonly keys: KeyRing;
  private readonly operations: CryptoOperations;
  private isDisposed = false;

  constructor(limits: CryptoLimits) {
    this.limits = limits;
    this.keys = new KeyRing(limits.openKeys);
    this.operations = new CryptoOperations(limits);
  }

  dispose(): void {
    this.isDisposed = true;
    this.operations.dispose();
    this.keys.clear();
  }

  read(text: string, bytes: Uint8Array | undefined): CryptoRequest {
    this.admit(bytes?.length ?? 0);
    return CryptoRequest.parse(text, bytes as Bytes | undefined);
  }

  digest(text: string, data: Uint8Array): Answer | Promise<Answer> {
    this.admit(data.length);
    const hash = hashNames.find((name) => name === text);
    if (hash === undefined) throw new HostCallError("NotSupportedError", "Cannot digest: no such hash");
    if (data.length <= maxQuickBytes) return quickDigest(hash, data);
    return this.run("digest", data.length, () => webcrypto.subtle.digest(hash, data as Bytes));
  }

  generateKey(request: CryptoRequest): Answer | Promise<Answer> {
    const wanted = readGeneration(request);
    if (!isPaired(wanted.algorithm.name)) return this.describe([generateSecret(wanted)]);
    const generate = async () => this.describe(await generatePair(wanted));
    return isHeavy(wanted)
      ? this.operations.runHeavy(request.size, generate)
      : this.operations.run(request.size, generate);
  }

  importKey(request: CryptoRequest): Answer | Promise<Answer> {
    const key = importKey(request);
    if (typeof key !== "function") return this.describe([key]);
    return this.operations.run(request.size, async () => this.describe([await key()]));
  }

  exportKey(request: CryptoRequest): Answer | Promise<Answer> {
    const exported = exportKey(this.keys.get(request.text("key")), request);
    return typeof exported === "function" ? this.operations.run(request.size, exported) : exported;
  }

  sign(request: CryptoRequest): Answer | Promise<Answer> {
    const key = this.keyFor("sign", request);
    const data = request.bytes("data");
    if (isQuickMac(key, data)) return quickHmac(key.record.algorithm.hash!, key.record.material, data);
    return this.makeSignature("sign", key, request);
  }

  verify(request: CryptoRequest): Answer | Promise<Answer> {
    const key = this.keyFor("verify", request);
    const data = request.bytes("data");
    const signature = request.bytes("signature");
    const { name, hash } = key.record.algorithm;
    if (isQuickMac(key, data)) {
      return String(isSameMac(quickHmac(hash!, key.record.material, data), signature));
    }
    if (name === "HMAC") {
      return this.makeSignature("verify", key, request).then((mac) => String(isSameMac(mac, signature)));
    }
    const parameters = signatureParameters(name, request);
    return this.operations.run(request.size, () =>
      orFailWith("OperationError", `Cannot verify with ${name}`, async () => {
        return String(await webcrypto.subtle.verify(parameters, await key.platform(), signature, data));
      }),
    );
  }

  cipher(direction: "encrypt" | "decrypt", request: CryptoRequest): Promise<Answer> {
    const key = this.keyFor(direction, request);
    const name = key.record.algorithm.name as "AES-GCM" | "AES-CBC";
    const parameters = cipherParameters(name, request);
    const data = request.bytes("data");
    return this.run(`${direction} with ${name}`, request.size, async () =>
      webcrypto.subtle[direction](parameters, await key.platform(), data),
    );
  }

  derive(request: CryptoRequest): Promise<Answer> {
    if (!request.has("into")) {
      return this.deriveBytes(this.keyFor("deriveBits", request), request, request.integer("bits"));
    }
    const key = this.keyFor("deriveKey", request);
    const wanted = readDerivedKey(request.nested("into"));
    const material = this.deriveBytes(key, request, wanted.algorithm.length!);
    return material.then((bytes) => this.describe([secretOf(wanted, bytes)]));
  }

  private deriveBytes(key: OpenKey, request: CryptoRequest, bits: number): Promise<Bytes> {
    const { material, algorithm } = key.record;
    if (algorithm.name === "Argon2id") {
      const parameters = argon2Parameters(request, bits, material);
      return this.run("derive bits with Argon2id", request.size, () => argon2id(parameters), true);
    }
    const name = algorithm.name as "HKDF" | "PBKDF2";
    const parameters = derivationParameters(name, request, bits);
    const derive = async () => webcrypto.subtle.deriveBits(parameters, await key.platform(), bits);
    return this.run(`derive bits with ${name}`, request.size, derive, name === "PBKDF2");
  }

  private makeSignature(usage: "sign" | "verify", key: OpenKey, request: CryptoRequest): Promise<Bytes> {
    const { name } = key.record.algorithm;
    const data = request.bytes("data");
    const parameters = signatureParameters(name, request);
    return this.run(`${usage} with ${name}`, request.size, async () =>
      webcrypto.subtle.sign(parameters, await key.platform(), data),
    );
  }

  /** Runs a step of the platform whose result is bytes. */
  private run(
    doing: string,
    bytes: number,
    step: () => Promise<ArrayBuffer>,
    isHeavy = false,
  ): Promise<Bytes> {
    const work = () =>
      orFailWith("OperationError", `Cannot ${doing}`, async () => new Uint8Array(await step()));
    return isHeavy ? this.operations.runHeavy(bytes, work) : this.operations.run(bytes, work);
  }

  private admit(bytes: number): void {
    if (this.isDisposed)
      throw new HostCallError("InvalidStateError", "Cannot use crypto: the plugin has ended");
    if (bytes <= this.limits.dataBytes) return;
    throw new HostCallError(
      "QuotaExceededError",
      `Cannot use crypto on ${bytes} bytes at once: at most ${this.limits.dataBytes} are allowed`,
    );
  }

  /** The key of the request; the record that the host sealed says what it is for, not the guest. */
  private keyFor(usage: Usage, request: CryptoRequest): OpenKey {
    const key = this.keys.get(request.text("key"));
    const { algorithm, usages } = key.record;
    const name = request.choice("name", algorithmNames);
    if (name !== algorithm.name) {
      throw new HostCallError(
        "InvalidAccessError",
        `Cannot use the key: it is for ${algorithm.name} and not for ${name}`,
      );
    }
    if (!usages.includes(usage)) {
      throw new HostCallError("InvalidAccessError", `Cannot use the key: "${usage}" is not among its usages`);
    }
    return key;
  }

  /** What the guest learns of new keys. */
  private describe(records: readonly KeyRecord[]): string {
    return JSON.stringify(
      records.map((record) => {
        const { material, ...description } = record;
        return { ...description, token: this.keys.add(record) };
      }),
    );
  }
}

function isQuickMac({ record }: OpenKey, data: Bytes): boolean {
  return record.algorithm.name === "HMAC" && data.length <= maxQuickBytes;
}
