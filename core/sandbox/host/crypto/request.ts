import { HostCallError } from "../error.ts";
import { maxRequestText } from "./limits.ts";

const maxParts = 8;

type Fields = Readonly<Record<string, unknown>>;

/**
 * What a guest asks for: a flat JSON object, and byte strings that lie one after the other in one
 * array, with names and lengths under `parts`. Nothing in it is believed before a method of this
 * class has looked at it, and nothing but the values of those methods goes on to the platform.
 *
 * @example
 * const request = CryptoRequest.parse('{"name":"HMAC","parts":{"data":2}}', new Uint8Array([1, 2]));
 * request.choice("name", ["HMAC"]); // "HMAC"
 * request.bytes("data", 16); // Uint8Array [1, 2]
 */
export class CryptoRequest {
  /** What is held of it, in bytes. */
  readonly size: number;
  private readonly fields: Fields;
  private readonly parts: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

  private constructor(fields: Fields, parts: ReadonlyMap<string, Uint8Array<ArrayBuffer>>, size: number) {
    this.size = size;
    this.fields = fields;
    this.parts = parts;
  }

  /** @throws HostCallError `TypeError` when it has another form */
  static parse(text: string, bytes: Uint8Array<ArrayBuffer> | undefined): CryptoRequest {
    const fields = parseObject(text);
    const lengths = Object.hasOwn(fields, "parts") ? fields["parts"] : {};
    const parts = split(lengths, bytes ?? new Uint8Array());
    return new CryptoRequest(fields, parts, text.length + (bytes?.length ?? 0));
  }

  has(name: string): boolean {
    return Object.hasOwn(this.fields, name);
  }

  /** One of a closed list of values. */
  choice<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.read(name);
    const choice = choices.find((one) => one === value);
    if (choice === undefined) throw malformed(name);
    return choice;
  }

  /** Some of a closed list of values, each at most once, in the order of the list. */
  choices<T extends string>(name: string, choices: readonly T[]): T[] {
    const values = this.read(name);
    if (!Array.isArray(values) || values.length > 64) throw malformed(name);
    for (const value of values) if (!choices.includes(value)) throw malformed(name);
    return choices.filter((choice) => values.includes(choice));
  }

  text(name: string): string {
    const value = this.read(name);
    if (typeof value !== "string") throw malformed(name);
    return value;
  }

  flag(name: string): boolean {
    const value = this.read(name);
    if (typeof value !== "boolean") throw malformed(name);
    return value;
  }

  /** A whole number between 0 and 2^32 - 1; what else bounds it is the caller's to say. */
  integer(name: string): number {
    const value = this.read(name);
    if (typeof value !== "number" || !Number.isInteger(value)) throw malformed(name);
    if (value < 0 || value > 0xffff_ffff) throw malformed(name);
    return value;
  }

  bytes(name: string): Uint8Array<ArrayBuffer> {
    const part = this.parts.get(name);
    if (part === undefined) throw malformed(name);
    return part;
  }

  hasBytes(name: string): boolean {
    return this.parts.has(name);
  }

  /** A request inside this one, without byte strings. */
  nested(name: string): CryptoRequest {
    const value = this.read(name);
    if (typeof value !== "object" || value === null) throw malformed(name);
    return new CryptoRequest(value as Fields, new Map(), 0);
  }

  /** An object of texts, a list of texts under `key_ops` and a flag under `ext`: a JSON Web Key. */
  jwk(name: string): JsonWebKey {
    const value = this.read(name);
    if (typeof value !== "object" || value === null) throw malformed(name);
    const jwk: Record<string, unknown> = {};
    for (const member of jwkMembers) {
      if (!Object.hasOwn(value, member)) continue;
      const found = (value as Record<string, unknown>)[member];
      if (!isJwkMember(member, found)) throw malformed(name);
      jwk[member] = found;
    }
    return jwk;
  }

  private read(name: string): unknown {
    if (!this.has(name)) throw malformed(name);
    return this.fields[name];
  }
}

/** A JSON Web Key whose members have the right types (RFC 7517, RFC 7518); their values are unchecked. */
export interface JsonWebKey extends Readonly<Partial<Record<JwkText, string>>> {
  readonly ext?: boolean;
  readonly key_ops?: string[];
}

type JwkText = (typeof jwkTexts)[number];
// biome-ignore format: one list
const jwkTexts = ["kty", "use", "alg", "crv", "x", "y", "d", "n", "e", "p", "q", "dp", "dq", "qi", "k"] as const;
const jwkMembers = [...jwkTexts, "ext", "key_ops"];

function isJwkMember(member: string, value: unknown): boolean {
  if (member === "ext") return typeof value === "boolean";
  if (member !== "key_ops") return typeof value === "string";
  return Array.isArray(value) && value.length <= 64 && value.every((one) => typeof one === "string");
}

function parseObject(text: string): Fields {
  if (text.length > maxRequestText) {
    throw new HostCallError(
      "QuotaExceededError",
      `Cannot read the crypto request: its keys and parameters are longer than ${maxRequestText} characters`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed("JSON");
  }
  if (typeof value !== "object" || value === null) throw malformed("JSON");
  return value as Fields;
}

function split(lengths: unknown, bytes: Uint8Array<ArrayBuffer>): Map<string, Uint8Array<ArrayBuffer>> {
  if (typeof lengths !== "object" || lengths === null) throw malformed("parts");
  const entries = Object.entries(lengths);
  if (entries.length > maxParts) throw malformed("parts");
  const parts = new Map<string, Uint8Array<ArrayBuffer>>();
  let offset = 0;
  for (const [name, length] of entries) {
    if (!Number.isInteger(length) || length < 0 || length > bytes.length - offset) throw malformed("parts");
    parts.set(name, bytes.subarray(offset, offset + length));
    offset += length;
  }
  if (offset !== bytes.length) throw malformed("parts");
  return parts;
}

/** The guest runtime writes requests well: whoever reads this has changed it. */
function malformed(what: string): HostCallError {
  return new HostCallError(
    "TypeError",
    `Cannot read the crypto request: ${what} has another form than it must have`,
  );
}
