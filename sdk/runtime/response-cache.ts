/** `ctx.cache`: responses that the host keeps. Their bodies stay with it: a guest answers with the number of one. */
import type { GuestExchange } from "./exchange.ts";
import { callAsync, callText } from "./host.ts";
import { HostOp } from "./host-op.ts";
import { Response, type ResponseInit } from "./response.ts";
import { type StoredBody, storedBody } from "./stored-body.ts";

export interface StoreOptions {
  readonly url?: string;
  readonly tags?: readonly string[];
  readonly freshFor?: number;
  readonly usefulFor?: number;
}

export interface RecordOptions extends StoreOptions {
  readonly maxBytes?: number;
  readonly early?: boolean;
}

interface Range {
  readonly start?: number;
  readonly end?: number;
}

export class CachedResponse {
  readonly meta: string;
  readonly length: number;
  readonly staleSince: number | null;
  readonly isShared: boolean;
  readonly #number: number;

  constructor(number: number, length: number, staleSince: number | null, isShared: boolean, meta: string) {
    this.#number = number;
    this.length = length;
    this.staleSince = staleSince;
    this.isShared = isShared;
    this.meta = meta;
  }

  response(init?: ResponseInit, range?: Range): Response {
    return new Response(this.#body(range?.start ?? 0, range?.end ?? this.length), init);
  }

  #body(start: number, end: number): StoredBody {
    const from = position(start, this.length);
    const to = Math.max(from, position(end, this.length));
    if (from === 0 && to === this.length) return storedBody(this.#number);
    return storedBody(Number(callText(HostOp.cacheSlice, `${this.#number} ${from} ${to}`)));
  }
}

export class ResponseCache {
  readonly #exchange: GuestExchange;

  constructor(exchange: GuestExchange) {
    this.#exchange = exchange;
  }

  get(key: string): CachedResponse | undefined {
    const found = lookUp(HostOp.cacheGet, key);
    return found === elsewhere ? undefined : found;
  }

  find(key: string): CachedResponse | undefined | Promise<CachedResponse | undefined> {
    const found = lookUp(HostOp.cacheFind, key);
    return found === elsewhere ? this.#load(key) : found;
  }

  async #load(key: string): Promise<CachedResponse | undefined> {
    await callAsync(HostOp.cacheLoad, key);
    return this.get(key);
  }

  set(key: string, meta: string, body: Uint8Array | null, options?: StoreOptions): boolean {
    return callText(HostOp.cacheSet, this.#described(key, meta, options), body ?? undefined) === "1";
  }

  update(key: string, meta: string, options?: StoreOptions): boolean {
    return callText(HostOp.cacheUpdate, this.#described(key, meta, options)) === "1";
  }

  delete(key: string): boolean {
    return callText(HostOp.cacheDelete, asKey(key)) === "1";
  }

  deletePrefix(prefix: string): number {
    return this.#deleteAll("p", prefix);
  }

  deleteTag(tag: string): number {
    return this.#deleteAll("t", tag);
  }

  deleteUrl(url: string): number {
    return this.#deleteAll("u", url);
  }

  async record(key: string, meta: string, options?: RecordOptions): Promise<boolean> {
    const most = Math.floor(options?.maxBytes ?? Number.MAX_SAFE_INTEGER);
    if (!(most >= 0)) throw new RangeError("Cannot record: maxBytes is no number from 0 on");
    const text = `${this.#exchange.ownSlot} ${Math.min(most, Number.MAX_SAFE_INTEGER)} ${options?.early === true ? 1 : 0} ${described(key, meta, options)}`;
    return (await callAsync(HostOp.cacheRecord, text)) === "1";
  }

  /** The slot tells the host since when what is told here is under way. */
  #described(key: string, meta: string, options: StoreOptions | undefined): string {
    return `${this.#exchange.ownSlot} ${described(key, meta, options)}`;
  }

  #deleteAll(kind: string, label: string): number {
    return Number(callText(HostOp.cacheDeleteAll, `${this.#exchange.ownSlot} ${kind}${asKey(label)}`));
  }
}

function described(key: string, meta: string, options: StoreOptions | undefined): string {
  if (typeof meta !== "string") throw new TypeError("Cannot store: meta is not a string");
  const { url = null, tags = [], freshFor = null, usefulFor = null } = options ?? {};
  return `${JSON.stringify([asKey(key), url, tags, freshFor, usefulFor])}\n${meta}`;
}

function asKey(key: unknown): string {
  if (typeof key !== "string") throw new TypeError("Cannot use the key: it is not a string");
  return key;
}

function position(value: number, length: number): number {
  return Math.min(length, Math.max(0, Math.floor(Number(value)) || 0));
}

/** What the host says of a response that has to be loaded first. */
const elsewhere = "?";

function lookUp(op: number, key: string): CachedResponse | undefined | typeof elsewhere {
  const found = callText(op, asKey(key));
  if (found === "") return undefined;
  if (found === elsewhere) return elsewhere;
  const first = found.indexOf(" ");
  const second = found.indexOf(" ", first + 1);
  const third = found.indexOf(" ", second + 1);
  const length = Number(found.slice(first + 1, second));
  const isShared = found[third - 1] === "s";
  const end = isShared ? third - 1 : third;
  const since = end === second + 1 ? null : Number(found.slice(second + 1, end));
  return new CachedResponse(Number(found.slice(0, first)), length, since, isShared, found.slice(third + 1));
}
