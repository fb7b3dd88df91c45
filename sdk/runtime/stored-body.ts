const makers = Symbol("maker");
let numberOf: (body: StoredBody) => number;
let isStored: (value: unknown) => value is StoredBody;

/** A body that the host keeps, and sends in the place of one from here. */
export class StoredBody {
  readonly #number: number;

  constructor(key: symbol, number: number) {
    if (key !== makers) throw new TypeError("A stored body comes from ctx.cache");
    this.#number = number;
  }

  static {
    numberOf = (body) => body.#number;
    isStored = (value): value is StoredBody =>
      typeof value === "object" && value !== null && #number in value;
  }
}

export function storedBody(number: number): StoredBody {
  return new StoredBody(makers, number);
}

export function isStoredBody(value: unknown): value is StoredBody {
  return isStored(value);
}

/** The number that the host knows it by. */
export function numberOfStored(body: StoredBody): number {
  return numberOf(body);
}
