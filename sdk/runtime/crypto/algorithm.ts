import { DOMException } from "../web/dom-exception.ts";
import { bytesOfSource } from "./bytes.ts";

/** What goes to the host with an operation: plain values, and byte strings by name. */
export interface CryptoRequest {
  readonly fields: Record<string, unknown>;
  readonly parts: Record<string, Uint8Array>;
}

export type Operation = "digest" | "generateKey" | "importKey" | "sign" | "encrypt" | "deriveBits";

const rsaGeneration = "modulusLength publicExponent hash";

/** For each operation its algorithms, and the members of their parameters; `?` marks those that may be missing. */
const operations: Readonly<Record<Operation, Readonly<Record<string, string>>>> = {
  digest: { "SHA-1": "", "SHA-256": "", "SHA-384": "", "SHA-512": "" },
  generateKey: {
    HMAC: "hash length?",
    "RSASSA-PKCS1-v1_5": rsaGeneration,
    "RSA-PSS": rsaGeneration,
    ECDSA: "namedCurve",
    Ed25519: "",
    "AES-GCM": "length",
    "AES-CBC": "length",
  },
  importKey: {
    HMAC: "hash length?",
    "RSASSA-PKCS1-v1_5": "hash",
    "RSA-PSS": "hash",
    ECDSA: "namedCurve",
    Ed25519: "",
    "AES-GCM": "",
    "AES-CBC": "",
    HKDF: "",
    PBKDF2: "",
    Argon2id: "",
  },
  sign: { HMAC: "", "RSASSA-PKCS1-v1_5": "", "RSA-PSS": "saltLength", ECDSA: "hash", Ed25519: "" },
  encrypt: { "AES-GCM": "iv additionalData? tagLength?", "AES-CBC": "iv" },
  deriveBits: {
    HKDF: "hash salt info",
    PBKDF2: "hash salt iterations",
    Argon2id: "nonce parallelism memory passes version? secretValue? associatedData?",
  },
};

/**
 * Reads an `AlgorithmIdentifier`: each member once, names in any case (Web Cryptography,
 * "normalizing an algorithm").
 *
 * @throws DOMException `NotSupportedError` for an algorithm that the operation does not have
 * @throws TypeError when a member is missing or has another type
 */
export function readAlgorithm(algorithm: unknown, operation: Operation): CryptoRequest {
  const name = nameOf(algorithm, operation);
  const request: CryptoRequest = { fields: { name }, parts: {} };
  const members = operations[operation][name]!;
  if (members === "") return request;
  for (const member of members.split(" ")) {
    const isOptional = member.endsWith("?");
    const key = isOptional ? member.slice(0, -1) : member;
    const value = typeof algorithm === "string" ? undefined : (algorithm as Record<string, unknown>)[key];
    if (value !== undefined) convert(key, value, request);
    else if (!isOptional) throw new TypeError(`${name} needs ${key}`);
  }
  return request;
}

function nameOf(algorithm: unknown, operation: Operation): string {
  const isObject = (typeof algorithm === "object" && algorithm !== null) || typeof algorithm === "function";
  const given = isObject ? (algorithm as { name?: unknown }).name : algorithm;
  if (isObject && given === undefined) throw new TypeError("The algorithm has no name");
  const wanted = `${given}`;
  const lower = wanted.toLowerCase();
  for (const name of Object.keys(operations[operation])) if (name.toLowerCase() === lower) return name;
  throw new DOMException(`${operation} has no algorithm ${wanted}`, "NotSupportedError");
}

function convert(member: string, value: unknown, { fields, parts }: CryptoRequest): void {
  switch (member) {
    case "hash":
      fields["hash"] = nameOf(value, "digest");
      break;
    case "namedCurve":
      fields["namedCurve"] = curveOf(value);
      break;
    case "iv":
    case "additionalData":
    case "associatedData":
    case "nonce":
    case "secretValue":
    case "salt":
    case "info":
      parts[member] = bytesOfSource(value);
      break;
    case "publicExponent":
      if (!(value instanceof Uint8Array)) throw new TypeError("publicExponent is not a Uint8Array");
      parts[member] = value;
      break;
    default:
      fields[member] = wholeNumber(member, value, member === "tagLength" ? 0xff : 0xffff_ffff);
  }
}

function curveOf(value: unknown): string {
  const curve = `${value}`;
  if (curve === "P-256" || curve === "P-384" || curve === "P-521") return curve;
  throw new DOMException(`There is no curve ${curve}`, "NotSupportedError");
}

/** Web IDL, `[EnforceRange]`. */
export function wholeNumber(member: string, value: unknown, most: number): number {
  const number = Math.trunc(Number(value));
  if (number >= 0 && number <= most) return number + 0;
  throw new TypeError(`${member} is not a number between 0 and ${most}`);
}
