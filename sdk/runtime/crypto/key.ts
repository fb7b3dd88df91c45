import { DOMException } from "../web/dom-exception.ts";
import { asWebInterface } from "../web-interface.ts";

/** A key as the host describes it. */
export interface KeyDescription {
  readonly token: string;
  readonly type: string;
  readonly extractable: boolean;
  readonly algorithm: {
    readonly name: string;
    readonly hash?: string;
    readonly publicExponent?: readonly number[];
  };
  readonly usages: string[];
}

/** Only this module has it, so only this module makes keys. */
const maker = Symbol();

/** What the host knows of the key; the token is of no use to guest code. */
export let tokenOf: (key: unknown) => string;

/**
 * A key that lies with the host. The guest has what anyone may know of it, and a token that only
 * the host can read.
 */
export class CryptoKey {
  static {
    tokenOf = (key) => {
      if (typeof key === "object" && key !== null && #token in key) return key.#token;
      if (!(key instanceof CryptoKey)) throw new TypeError("The key is not a CryptoKey");
      throw new DOMException("The key was not made by crypto.subtle", "InvalidAccessError");
    };
  }

  readonly #token: string;
  readonly #type: string;
  readonly #extractable: boolean;
  readonly #algorithm: object;
  readonly #usages: string[];

  constructor(key?: symbol, description?: KeyDescription) {
    if (key !== maker || description === undefined) throw new TypeError("Illegal constructor");
    this.#token = description.token;
    this.#type = description.type;
    this.#extractable = description.extractable;
    this.#algorithm = webAlgorithm(description.algorithm);
    this.#usages = description.usages;
  }

  get type(): string {
    return this.#type;
  }

  get extractable(): boolean {
    return this.#extractable;
  }

  get algorithm(): object {
    return this.#algorithm;
  }

  get usages(): string[] {
    return this.#usages;
  }
}

asWebInterface(CryptoKey, "CryptoKey");

export function makeKey(description: KeyDescription): CryptoKey {
  return new CryptoKey(maker, description);
}

/** The `KeyAlgorithm` dictionary: a hash is an algorithm of its own, an exponent is bytes. */
function webAlgorithm({ hash, publicExponent, ...rest }: KeyDescription["algorithm"]): object {
  return {
    ...rest,
    ...(publicExponent && { publicExponent: new Uint8Array(publicExponent) }),
    ...(hash && { hash: { name: hash } }),
  };
}
