/** Which part of a pair an iterator gives. */
export type PairKind = "entries" | "keys" | "values";

type Pair = readonly [string, string];

const iteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));

/**
 * The iterator of an interface with pairs (Web IDL, "default iterator objects"): it goes by
 * position and sees changes that are made meanwhile.
 */
class PairIterator {
  readonly #pairAt: (index: number) => Pair | undefined;
  readonly #kind: PairKind;
  #index = 0;

  constructor(pairAt: (index: number) => Pair | undefined, kind: PairKind) {
    this.#pairAt = pairAt;
    this.#kind = kind;
  }

  next(): IteratorResult<string | [string, string], undefined> {
    const pair = this.#pairAt(this.#index);
    if (pair === undefined) return { value: undefined, done: true };
    this.#index++;
    if (this.#kind === "keys") return { value: pair[0], done: false };
    if (this.#kind === "values") return { value: pair[1], done: false };
    return { value: [pair[0], pair[1]], done: false };
  }
}
Object.setPrototypeOf(PairIterator.prototype, iteratorPrototype);
Object.defineProperty(PairIterator.prototype, "next", { enumerable: true });
Object.defineProperty(PairIterator.prototype, "constructor", { value: Object, configurable: true });

/** @param pairAt undefined at the end */
export function iteratePairs<T>(
  pairAt: (index: number) => Pair | undefined,
  kind: PairKind,
): IterableIterator<T> {
  return new PairIterator(pairAt, kind) as unknown as IterableIterator<T>;
}
