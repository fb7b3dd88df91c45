/** `crypto` of guests (Web Cryptography): the host does what needs a key or chance. */

import { callBytes } from "../host.ts";
import { HostOp } from "../host-op.ts";
import { DOMException } from "../web/dom-exception.ts";
import { asWebInterface } from "../web-interface.ts";
import { bytesOfSource } from "./bytes.ts";
import { makeSubtle, type SubtleCrypto } from "./subtle.ts";

const maxRandomBytes = 65_536;
/** One host call serves this many UUIDs. */
const uuidsAtOnce = 16;

/** Only this module has it, so only this module makes the one `Crypto`. */
const maker = Symbol();

export class Crypto {
  #subtle: SubtleCrypto | null = null;
  #random = new Uint8Array(0);
  #used = 0;

  constructor(key?: symbol) {
    if (key !== maker) throw new TypeError("Illegal constructor");
  }

  get subtle(): SubtleCrypto {
    this.#subtle ??= makeSubtle();
    return this.#subtle;
  }

  /**
   * Fills a view of integers with random bytes and returns it.
   *
   * @throws DOMException `TypeMismatchError` for other views, `QuotaExceededError` for more than 65536 bytes
   * @example crypto.getRandomValues(new Uint8Array(16)).length // 16
   */
  getRandomValues<T>(array: T): T {
    if (!isIntegerView(array)) throw new DOMException("The view is not one of integers", "TypeMismatchError");
    const bytes = bytesOfSource(array);
    if (bytes.length > maxRandomBytes) {
      throw new DOMException(`At most ${maxRandomBytes} bytes come at once`, "QuotaExceededError");
    }
    if (bytes.length > 0) bytes.set(callBytes(HostOp.random, `${bytes.length}`));
    return array;
  }

  /**
   * A new UUID of random bits (RFC 9562, version 4).
   *
   * @example crypto.randomUUID().length // 36
   */
  randomUUID(): string {
    if (this.#used === this.#random.length) {
      this.#random = callBytes(HostOp.random, `${uuidsAtOnce * 16}`) as Uint8Array<ArrayBuffer>;
      this.#used = 0;
    }
    this.#used += 16;
    return formatUuid(this.#random, this.#used - 16);
  }
}

asWebInterface(Crypto, "Crypto");

export const crypto = new Crypto(maker);

/** The name of a typed array's class, which guest code cannot change. */
const viewName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)!.get as (this: unknown) => string | undefined;

function isIntegerView(value: unknown): boolean {
  if (!ArrayBuffer.isView(value)) throw new TypeError("The array is not a view of an ArrayBuffer");
  const name = viewName.call(value);
  return name !== undefined && !name.startsWith("Float");
}

function formatUuid(random: Uint8Array, start: number): string {
  let text = "";
  for (let i = 0; i < 16; i++) {
    let byte = random[start + i]!;
    // RFC 9562, sections 4.1 and 4.2: the version and the variant.
    if (i === 6) byte = (byte & 0x0f) | 0x40;
    if (i === 8) byte = (byte & 0x3f) | 0x80;
    if (i === 4 || i === 6 || i === 8 || i === 10) text += "-";
    text += hex[byte >> 4]! + hex[byte & 15]!;
  }
  return text;
}

const hex = "0123456789abcdef";
