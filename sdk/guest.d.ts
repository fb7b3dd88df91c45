/**
 * The globals of a plugin: all there is beside ECMAScript, on every engine. They are the web's, as far
 * as a policy needs them. Nothing of Node, Deno or a browser's page is here, because none of it exists there.
 */

// --- Weak references, without the FinalizationRegistry that TypeScript's library has beside them

interface WeakRef<Target extends WeakKey> {
  readonly [Symbol.toStringTag]: "WeakRef";
  deref(): Target | undefined;
}
interface WeakRefConstructor {
  readonly prototype: WeakRef<WeakKey>;
  new <Target extends WeakKey>(target: Target): WeakRef<Target>;
}
// biome-ignore lint/suspicious/noShadowRestrictedNames: it is that global
declare var WeakRef: WeakRefConstructor;

type BufferSource = ArrayBuffer | ArrayBufferView;
/** An iterator of the platform. */
interface WebIterator<Value> extends IteratorObject<Value, BuiltinIteratorReturn, unknown> {
  [Symbol.iterator](): WebIterator<Value>;
}

type BodyInit = string | BufferSource | URLSearchParams | ReadableStream<Uint8Array>;

// --- Explicit resource management (https://tc39.es/proposal-explicit-resource-management), as far as `using` needs it

interface SymbolConstructor {
  readonly dispose: unique symbol;
  readonly asyncDispose: unique symbol;
}
interface Disposable {
  [Symbol.dispose](): void;
}
interface AsyncDisposable {
  [Symbol.asyncDispose](): PromiseLike<void>;
}

// --- Fetch (https://fetch.spec.whatwg.org)

type HeadersInit = Headers | Iterable<readonly [string, string]> | Readonly<Record<string, string>>;

/**
 * Fields of a message. Names are case-insensitive; a name or a value that HTTP does not allow throws a `TypeError`.
 *
 * @example
 * const headers = new Headers({ accept: "application/json" });
 */
interface Headers {
  append(name: string, value: string): void;
  delete(name: string): void;
  /** The values of all fields with this name, joined with `, ` (those of Cookie with `; `); null when there is none. */
  get(name: string): string | null;
  /** The values of Set-Cookie, which cannot be joined. */
  getSetCookie(): string[];
  has(name: string): boolean;
  /** Replaces all fields with this name. */
  set(name: string, value: string): void;
  forEach(callback: (value: string, name: string, headers: Headers) => void, thisArg?: unknown): void;
  entries(): WebIterator<[string, string]>;
  keys(): WebIterator<string>;
  values(): WebIterator<string>;
  [Symbol.iterator](): WebIterator<[string, string]>;
}
declare var Headers: {
  readonly prototype: Headers;
  new (init?: HeadersInit): Headers;
};

/** A body can be read once; a second time rejects with a `TypeError`. */
interface Body {
  readonly body: ReadableStream<Uint8Array> | null;
  readonly bodyUsed: boolean;
  /** Decoded as UTF-8. */
  text(): Promise<string>;
  /** `Value` is a claim of yours that nobody checks. */
  json<Value = unknown>(): Promise<Value>;
  bytes(): Promise<Uint8Array>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

interface RequestInit {
  /** Default: `GET`. */
  method?: string;
  headers?: HeadersInit;
  body?: BodyInit | null;
  /** Default: `follow`, at most 10 times, each hop within the grants. */
  redirect?: "follow" | "manual" | "error";
  signal?: AbortSignal | null;
}

/**
 * A request to `fetch`.
 *
 * @example
 * const request = new Request("https://api.example.com/orders", { method: "POST", body: JSON.stringify(order) });
 */
interface Request extends Body {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly redirect: "follow" | "manual" | "error";
  readonly signal: AbortSignal;
  clone(): Request;
}
declare var Request: {
  readonly prototype: Request;
  new (input: string | URL | Request, init?: RequestInit): Request;
};

interface ResponseInit {
  /** From 200 to 599. Default: 200. */
  status?: number;
  statusText?: string;
  headers?: HeadersInit;
}

/**
 * A response: what `fetch` resolves to, and what a handler answers with.
 *
 * @example
 * return Response.json({ title: "tenant missing" }, { status: 400 });
 */
interface Response extends Body {
  readonly status: number;
  readonly statusText: string;
  /** Whether the status is from 200 to 299. */
  readonly ok: boolean;
  readonly headers: Headers;
  readonly type: "basic" | "cors" | "default" | "error" | "opaque" | "opaqueredirect";
  readonly url: string;
  readonly redirected: boolean;
  clone(): Response;
}
declare var Response: {
  readonly prototype: Response;
  new (body?: BodyInit | null, init?: ResponseInit): Response;
  /** Throws a `TypeError` when the value has no JSON form. */
  json(value: unknown, init?: ResponseInit): Response;
  /** Default: 302. */
  redirect(url: string | URL, status?: number): Response;
  error(): Response;
};

/**
 * Sends a request to an origin that the plugin was granted. Rejects with a `NotAllowedError` for another
 * one, with a `TypeError` when there is no answer, with the signal's reason when that aborts.
 *
 * @example
 * const answer = await fetch("https://tenants.internal/acme", { signal: ctx.signal });
 */
declare function fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;

// --- URL (https://url.spec.whatwg.org, https://urlpattern.spec.whatwg.org)

interface URL {
  href: string;
  readonly origin: string;
  protocol: string;
  username: string;
  password: string;
  host: string;
  hostname: string;
  port: string;
  pathname: string;
  search: string;
  readonly searchParams: URLSearchParams;
  hash: string;
  toString(): string;
  toJSON(): string;
}
declare var URL: {
  readonly prototype: URL;
  /** Throws a `TypeError` when it is none. */
  new (url: string | URL, base?: string | URL): URL;
  canParse(url: string | URL, base?: string | URL): boolean;
  /** Null when it is none. */
  parse(url: string | URL, base?: string | URL): URL | null;
};

interface URLSearchParams {
  readonly size: number;
  append(name: string, value: string): void;
  delete(name: string, value?: string): void;
  get(name: string): string | null;
  getAll(name: string): string[];
  has(name: string, value?: string): boolean;
  set(name: string, value: string): void;
  sort(): void;
  forEach(callback: (value: string, name: string, params: URLSearchParams) => void, thisArg?: unknown): void;
  entries(): WebIterator<[string, string]>;
  keys(): WebIterator<string>;
  values(): WebIterator<string>;
  [Symbol.iterator](): WebIterator<[string, string]>;
  toString(): string;
}
declare var URLSearchParams: {
  readonly prototype: URLSearchParams;
  new (
    init?: string | URLSearchParams | Iterable<readonly [string, string]> | Readonly<Record<string, string>>,
  ): URLSearchParams;
};

interface URLPatternInit {
  protocol?: string;
  username?: string;
  password?: string;
  hostname?: string;
  port?: string;
  pathname?: string;
  search?: string;
  hash?: string;
  baseURL?: string;
}

interface URLPatternOptions {
  ignoreCase?: boolean;
}

type URLPatternInput = string | URLPatternInit;

interface URLPatternComponentResult {
  input: string;
  groups: Record<string, string | undefined>;
}

interface URLPatternResult {
  inputs: readonly URLPatternInput[];
  protocol: URLPatternComponentResult;
  username: URLPatternComponentResult;
  password: URLPatternComponentResult;
  hostname: URLPatternComponentResult;
  port: URLPatternComponentResult;
  pathname: URLPatternComponentResult;
  search: URLPatternComponentResult;
  hash: URLPatternComponentResult;
}

/**
 * Matches URLs; make it once, at the top of the module.
 *
 * @example
 * const orders = new URLPattern({ pathname: "/orders/:id" });
 * const id = orders.exec(request.url)?.pathname.groups.id;
 */
interface URLPattern {
  readonly protocol: string;
  readonly username: string;
  readonly password: string;
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
  readonly search: string;
  readonly hash: string;
  readonly hasRegExpGroups: boolean;
  test(input?: URLPatternInput, baseURL?: string): boolean;
  exec(input?: URLPatternInput, baseURL?: string): URLPatternResult | null;
}
declare var URLPattern: {
  readonly prototype: URLPattern;
  new (input: URLPatternInput, baseURL: string, options?: URLPatternOptions): URLPattern;
  new (input?: URLPatternInput, options?: URLPatternOptions): URLPattern;
};

// --- Encoding (https://encoding.spec.whatwg.org)

/** UTF-8. */
interface TextEncoder {
  readonly encoding: string;
  encode(text?: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, destination: Uint8Array): { read: number; written: number };
}
declare var TextEncoder: {
  readonly prototype: TextEncoder;
  new (): TextEncoder;
};

interface TextDecoderOptions {
  /** Throw a `TypeError` for bytes that are no text, instead of U+FFFD. Default: false. */
  fatal?: boolean;
  ignoreBOM?: boolean;
}

interface TextDecoder {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  /** With `stream`, a character may begin in one call and end in the next. */
  decode(bytes?: BufferSource, options?: { stream?: boolean }): string;
}
declare var TextDecoder: {
  readonly prototype: TextDecoder;
  /** @param label of UTF-8 (the default), UTF-16LE or windows-1252 (`latin1`); any other throws a `RangeError` */
  new (label?: string, options?: TextDecoderOptions): TextDecoder;
};

interface TextEncoderStream {
  readonly encoding: string;
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<string>;
}
declare var TextEncoderStream: {
  readonly prototype: TextEncoderStream;
  new (): TextEncoderStream;
};

interface TextDecoderStream {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  readonly readable: ReadableStream<string>;
  readonly writable: WritableStream<BufferSource>;
}
declare var TextDecoderStream: {
  readonly prototype: TextDecoderStream;
  new (label?: string, options?: TextDecoderOptions): TextDecoderStream;
};

/** Bytes, one per character, as Base64; a character above U+00FF throws an `InvalidCharacterError`. */
declare function btoa(data: string): string;
/** The reverse; throws an `InvalidCharacterError` for what is no Base64. */
declare function atob(data: string): string;

// --- Streams (https://streams.spec.whatwg.org)

interface QueuingStrategy<Chunk = unknown> {
  /** Chunks, or what `size` counts, that wait before the source is asked to pause. */
  highWaterMark?: number;
  size?: (chunk: Chunk) => number;
}

interface UnderlyingSource<Chunk = unknown> {
  start?: (controller: ReadableStreamDefaultController<Chunk>) => unknown;
  pull?: (controller: ReadableStreamDefaultController<Chunk>) => unknown;
  cancel?: (reason?: unknown) => unknown;
}

interface ReadableStreamDefaultController<Chunk = unknown> {
  readonly desiredSize: number | null;
  enqueue(chunk: Chunk): void;
  close(): void;
  error(reason?: unknown): void;
}

type ReadableStreamReadResult<Chunk> = { done: false; value: Chunk } | { done: true; value: undefined };

interface ReadableStreamDefaultReader<Chunk = unknown> {
  readonly closed: Promise<undefined>;
  read(): Promise<ReadableStreamReadResult<Chunk>>;
  cancel(reason?: unknown): Promise<void>;
  releaseLock(): void;
}

interface StreamPipeOptions {
  preventAbort?: boolean;
  preventCancel?: boolean;
  preventClose?: boolean;
  signal?: AbortSignal;
}

/**
 * A body part by part.
 *
 * @example
 * const answer = await fetch("https://feed.example.com/");
 * for await (const chunk of answer.body ?? []) console.log(chunk.length);
 */
interface ReadableStream<Chunk = unknown> {
  readonly locked: boolean;
  cancel(reason?: unknown): Promise<void>;
  getReader(): ReadableStreamDefaultReader<Chunk>;
  tee(): [ReadableStream<Chunk>, ReadableStream<Chunk>];
  pipeTo(destination: WritableStream<Chunk>, options?: StreamPipeOptions): Promise<void>;
  pipeThrough<Out>(
    transform: { readonly readable: ReadableStream<Out>; readonly writable: WritableStream<Chunk> },
    options?: StreamPipeOptions,
  ): ReadableStream<Out>;
  values(options?: { preventCancel?: boolean }): AsyncIterableIterator<Chunk>;
  [Symbol.asyncIterator](options?: { preventCancel?: boolean }): AsyncIterableIterator<Chunk>;
}
declare var ReadableStream: {
  readonly prototype: ReadableStream;
  new <Chunk = unknown>(
    source?: UnderlyingSource<Chunk>,
    strategy?: QueuingStrategy<Chunk>,
  ): ReadableStream<Chunk>;
  from<Chunk>(chunks: AsyncIterable<Chunk> | Iterable<Chunk | PromiseLike<Chunk>>): ReadableStream<Chunk>;
};

interface UnderlyingSink<Chunk = unknown> {
  start?: (controller: WritableStreamDefaultController) => unknown;
  write?: (chunk: Chunk, controller: WritableStreamDefaultController) => unknown;
  close?: () => unknown;
  abort?: (reason?: unknown) => unknown;
}

interface WritableStreamDefaultController {
  readonly signal: AbortSignal;
  error(reason?: unknown): void;
}

interface WritableStreamDefaultWriter<Chunk = unknown> {
  readonly closed: Promise<undefined>;
  readonly ready: Promise<undefined>;
  readonly desiredSize: number | null;
  write(chunk: Chunk): Promise<void>;
  close(): Promise<void>;
  abort(reason?: unknown): Promise<void>;
  releaseLock(): void;
}

interface WritableStream<Chunk = unknown> {
  readonly locked: boolean;
  abort(reason?: unknown): Promise<void>;
  close(): Promise<void>;
  getWriter(): WritableStreamDefaultWriter<Chunk>;
}
declare var WritableStream: {
  readonly prototype: WritableStream;
  new <Chunk = unknown>(
    sink?: UnderlyingSink<Chunk>,
    strategy?: QueuingStrategy<Chunk>,
  ): WritableStream<Chunk>;
};

interface Transformer<In = unknown, Out = unknown> {
  start?: (controller: TransformStreamDefaultController<Out>) => unknown;
  transform?: (chunk: In, controller: TransformStreamDefaultController<Out>) => unknown;
  flush?: (controller: TransformStreamDefaultController<Out>) => unknown;
}

interface TransformStreamDefaultController<Out = unknown> {
  readonly desiredSize: number | null;
  enqueue(chunk: Out): void;
  error(reason?: unknown): void;
  terminate(): void;
}

/**
 * Changes the chunks that go through; without a transformer they pass as they are.
 *
 * @example
 * const upper = new TransformStream<string, string>({
 *   transform: (chunk, controller) => controller.enqueue(chunk.toUpperCase()),
 * });
 */
interface TransformStream<In = unknown, Out = unknown> {
  readonly readable: ReadableStream<Out>;
  readonly writable: WritableStream<In>;
}
declare var TransformStream: {
  readonly prototype: TransformStream;
  new <In = unknown, Out = unknown>(
    transformer?: Transformer<In, Out>,
    writableStrategy?: QueuingStrategy<In>,
    readableStrategy?: QueuingStrategy<Out>,
  ): TransformStream<In, Out>;
};

// --- Events and aborting (https://dom.spec.whatwg.org)

interface EventInit {
  bubbles?: boolean;
  cancelable?: boolean;
  composed?: boolean;
}

interface Event {
  readonly type: string;
  readonly target: EventTarget | null;
  readonly currentTarget: EventTarget | null;
  readonly bubbles: boolean;
  readonly cancelable: boolean;
  readonly composed: boolean;
  readonly defaultPrevented: boolean;
  /** As `performance.now()` tells the time, in ms. */
  readonly timeStamp: number;
  preventDefault(): void;
  stopImmediatePropagation(): void;
}
declare var Event: {
  readonly prototype: Event;
  new (type: string, init?: EventInit): Event;
};

type EventListener = ((event: Event) => void) | { handleEvent(event: Event): void };

interface AddEventListenerOptions {
  capture?: boolean;
  once?: boolean;
  passive?: boolean;
  signal?: AbortSignal;
}

interface EventTarget {
  addEventListener(
    type: string,
    listener: EventListener | null,
    options?: AddEventListenerOptions | boolean,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListener | null,
    options?: { capture?: boolean } | boolean,
  ): void;
  dispatchEvent(event: Event): boolean;
}
declare var EventTarget: {
  readonly prototype: EventTarget;
  new (): EventTarget;
};

interface AbortSignal extends EventTarget {
  readonly aborted: boolean;
  readonly reason: unknown;
  onabort: ((event: Event) => void) | null;
  throwIfAborted(): void;
}
declare var AbortSignal: {
  readonly prototype: AbortSignal;
  abort(reason?: unknown): AbortSignal;
  /** Aborts with a `TimeoutError` after so many ms. */
  timeout(ms: number): AbortSignal;
  /** Aborts as soon as one of them does. */
  any(signals: Iterable<AbortSignal>): AbortSignal;
};

/**
 * Aborts what has its signal.
 *
 * @example
 * const controller = new AbortController();
 * const signal = AbortSignal.any([ctx.signal, controller.signal]);
 */
interface AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}
declare var AbortController: {
  readonly prototype: AbortController;
  new (): AbortController;
};

// --- Web IDL (https://webidl.spec.whatwg.org)

/** An error of the platform; `name` says which. */
interface DOMException extends Error {
  readonly name: string;
  readonly message: string;
  /** One of the constants; 0 for a name without one. */
  readonly code: number;
}
declare var DOMException: {
  readonly prototype: DOMException;
  readonly INDEX_SIZE_ERR: 1;
  readonly DOMSTRING_SIZE_ERR: 2;
  readonly HIERARCHY_REQUEST_ERR: 3;
  readonly WRONG_DOCUMENT_ERR: 4;
  readonly INVALID_CHARACTER_ERR: 5;
  readonly NO_DATA_ALLOWED_ERR: 6;
  readonly NO_MODIFICATION_ALLOWED_ERR: 7;
  readonly NOT_FOUND_ERR: 8;
  readonly NOT_SUPPORTED_ERR: 9;
  readonly INUSE_ATTRIBUTE_ERR: 10;
  readonly INVALID_STATE_ERR: 11;
  readonly SYNTAX_ERR: 12;
  readonly INVALID_MODIFICATION_ERR: 13;
  readonly NAMESPACE_ERR: 14;
  readonly INVALID_ACCESS_ERR: 15;
  readonly VALIDATION_ERR: 16;
  readonly TYPE_MISMATCH_ERR: 17;
  readonly SECURITY_ERR: 18;
  readonly NETWORK_ERR: 19;
  readonly ABORT_ERR: 20;
  readonly URL_MISMATCH_ERR: 21;
  readonly QUOTA_EXCEEDED_ERR: 22;
  readonly TIMEOUT_ERR: 23;
  readonly INVALID_NODE_TYPE_ERR: 24;
  readonly DATA_CLONE_ERR: 25;
  new (message?: string, name?: string | { name?: string; cause?: unknown }): DOMException;
};

// --- HTML (https://html.spec.whatwg.org)

/**
 * Runs a function once, after so many ms (default 0), and returns the number for `clearTimeout`. Throws a
 * `QuotaExceededError` beyond 100 000 timers at once.
 */
declare function setTimeout<Args extends unknown[]>(
  callback: (...args: Args) => unknown,
  ms?: number,
  ...args: Args
): number;
/**
 * Runs a function again and again, every so many ms, and returns the number for `clearInterval`, which alone ends it. Throws a
 * `QuotaExceededError` beyond 1 000 intervals at once.
 */
declare function setInterval<Args extends unknown[]>(
  callback: (...args: Args) => unknown,
  ms?: number,
  ...args: Args
): number;
declare function clearTimeout(timer?: number): void;
declare function clearInterval(timer?: number): void;
declare function queueMicrotask(callback: () => void): void;
/** Throws a `DataCloneError` for functions and symbols. */
declare function structuredClone<Value>(value: Value, options?: { transfer?: ArrayBuffer[] }): Value;
/** The global object. */
declare var self: typeof globalThis;

// --- Console (https://console.spec.whatwg.org)

/** Writes to the proxy's log, with the place of the call. It knows of no request: `ctx.log` tells route and id, too. */
interface Console {
  debug(...values: unknown[]): void;
  info(...values: unknown[]): void;
  log(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
  trace(...values: unknown[]): void;
  assert(condition?: unknown, ...values: unknown[]): void;
  dir(value?: unknown): void;
  table(value?: unknown): void;
  count(label?: string): void;
  countReset(label?: string): void;
  time(label?: string): void;
  timeLog(label?: string, ...values: unknown[]): void;
  timeEnd(label?: string): void;
  group(...values: unknown[]): void;
  groupEnd(): void;
}
declare var console: Console;

// --- High Resolution Time (https://w3c.github.io/hr-time)

interface Performance {
  /** Time since `timeOrigin` that never goes back, in ms. */
  now(): number;
  /** When the guest began, in ms since the epoch. */
  readonly timeOrigin: number;
}
declare var performance: Performance;

// --- Web Cryptography (https://w3c.github.io/webcrypto)

type HashName = "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";
type HashAlgorithm = HashName | { name: HashName };
type KeyFormat = "raw" | "raw-secret" | "pkcs8" | "spki" | "jwk";
type KeyUsage =
  | "encrypt"
  | "decrypt"
  | "sign"
  | "verify"
  | "deriveKey"
  | "deriveBits"
  | "wrapKey"
  | "unwrapKey";

/** A key, which stays with the host: the plugin has a handle. */
interface CryptoKey {
  readonly type: "public" | "private" | "secret";
  readonly extractable: boolean;
  readonly algorithm: { readonly name: string };
  readonly usages: KeyUsage[];
}

interface CryptoKeyPair {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

interface JsonWebKey {
  kty?: string;
  use?: string;
  key_ops?: string[];
  alg?: string;
  ext?: boolean;
  crv?: string;
  x?: string;
  y?: string;
  d?: string;
  n?: string;
  e?: string;
  p?: string;
  q?: string;
  dp?: string;
  dq?: string;
  qi?: string;
  k?: string;
}

type SignAlgorithm =
  | "HMAC"
  | "RSASSA-PKCS1-v1_5"
  | "Ed25519"
  | { name: "HMAC" | "RSASSA-PKCS1-v1_5" | "Ed25519" }
  | { name: "RSA-PSS"; saltLength: number }
  | { name: "ECDSA"; hash: HashAlgorithm };

type CipherAlgorithm =
  | { name: "AES-GCM"; iv: BufferSource; additionalData?: BufferSource; tagLength?: number }
  | { name: "AES-CBC"; iv: BufferSource };

type ImportAlgorithm =
  | "Ed25519"
  | "AES-GCM"
  | "AES-CBC"
  | "HKDF"
  | "PBKDF2"
  | "Argon2id"
  | { name: "Ed25519" | "AES-GCM" | "AES-CBC" | "HKDF" | "PBKDF2" | "Argon2id" }
  | { name: "HMAC"; hash: HashAlgorithm; length?: number }
  | { name: "RSASSA-PKCS1-v1_5" | "RSA-PSS"; hash: HashAlgorithm }
  | { name: "ECDSA"; namedCurve: "P-256" | "P-384" | "P-521" };

type GenerateSecretAlgorithm =
  | { name: "HMAC"; hash: HashAlgorithm; length?: number }
  | { name: "AES-GCM" | "AES-CBC"; length: 128 | 192 | 256 };

type GeneratePairAlgorithm =
  | "Ed25519"
  | { name: "Ed25519" }
  | { name: "ECDSA"; namedCurve: "P-256" | "P-384" | "P-521" }
  | {
      name: "RSASSA-PKCS1-v1_5" | "RSA-PSS";
      modulusLength: number;
      publicExponent: Uint8Array;
      hash: HashAlgorithm;
    };

type DeriveAlgorithm =
  | { name: "HKDF"; hash: HashAlgorithm; salt: BufferSource; info: BufferSource }
  | { name: "PBKDF2"; hash: HashAlgorithm; salt: BufferSource; iterations: number }
  | {
      /** Its keys come as `raw-secret`. Deno has none. */
      name: "Argon2id";
      nonce: BufferSource;
      parallelism: number;
      /** KiB, at most 65536, and with `passes` at most 196608. */
      memory: number;
      passes: number;
      version?: 0x13;
      secretValue?: BufferSource;
      associatedData?: BufferSource;
    };

/** The host's cryptography: RSA, ECDSA, Ed25519, HMAC, AES, HKDF, PBKDF2, Argon2id and the SHA family. */
interface SubtleCrypto {
  digest(algorithm: HashAlgorithm, data: BufferSource): Promise<ArrayBuffer>;
  sign(algorithm: SignAlgorithm, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  /** In constant time, as signatures must be compared. */
  verify(
    algorithm: SignAlgorithm,
    key: CryptoKey,
    signature: BufferSource,
    data: BufferSource,
  ): Promise<boolean>;
  encrypt(algorithm: CipherAlgorithm, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  decrypt(algorithm: CipherAlgorithm, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  deriveBits(algorithm: DeriveAlgorithm, key: CryptoKey, length: number): Promise<ArrayBuffer>;
  deriveKey(
    algorithm: DeriveAlgorithm,
    key: CryptoKey,
    derived: GenerateSecretAlgorithm,
    extractable: boolean,
    usages: readonly KeyUsage[],
  ): Promise<CryptoKey>;
  generateKey(
    algorithm: GenerateSecretAlgorithm,
    extractable: boolean,
    usages: readonly KeyUsage[],
  ): Promise<CryptoKey>;
  generateKey(
    algorithm: GeneratePairAlgorithm,
    extractable: boolean,
    usages: readonly KeyUsage[],
  ): Promise<CryptoKeyPair>;
  importKey(
    format: "jwk",
    key: JsonWebKey,
    algorithm: ImportAlgorithm,
    extractable: boolean,
    usages: readonly KeyUsage[],
  ): Promise<CryptoKey>;
  importKey(
    format: Exclude<KeyFormat, "jwk">,
    key: BufferSource,
    algorithm: ImportAlgorithm,
    extractable: boolean,
    usages: readonly KeyUsage[],
  ): Promise<CryptoKey>;
  exportKey(format: "jwk", key: CryptoKey): Promise<JsonWebKey>;
  exportKey(format: Exclude<KeyFormat, "jwk">, key: CryptoKey): Promise<ArrayBuffer>;
}

interface Crypto {
  readonly subtle: SubtleCrypto;
  /** Fills an array of integers, at most 65,536 bytes, and returns it. */
  getRandomValues<View extends ArrayBufferView>(view: View): View;
  randomUUID(): `${string}-${string}-${string}-${string}-${string}`;
}
declare var crypto: Crypto;

// --- Files that are bundled into a plugin as text

declare module "*.html" {
  const text: string;
  export default text;
}
declare module "*.txt" {
  const text: string;
  export default text;
}
