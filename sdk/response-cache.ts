import type { WebHeaders, WebResponse } from "./web.ts";

/**
 * Responses that a plugin keeps: their bodies stay with the proxy, outside of the plugin's memory, and are sent from there.
 * Needs `capabilities: { cache: true }`: without the grant every call throws a `NotAllowedError`.
 *
 * Each reactor has a store of its own, bounded in bytes, which keeps what is asked for most (W-TinyLFU); generations
 * of the plugin share it, other plugins do not. Behind it may be a disk, or what machines share. What is fresh, and for whom, is the plugin's business: `meta` is for that.
 * Operators purge what has a URL or tags (`POST /cache/purge` of the admin listener): away, or to `staleSince`.
 *
 * @example
 * onRequest(request, ctx) {
 *   ctx.state.url = request.url;
 *   const found = ctx.cache.get(request.url);
 *   return found?.response({ headers: JSON.parse(found.meta) });
 * },
 * onResponse(response, ctx) {
 *   ctx.waitUntil(ctx.cache.record(ctx.state.url, JSON.stringify([...response.headers])));
 * },
 */
export interface ResponseCache {
  /** The response of a key, if memory has one. Answer with it before anything is awaited, or ask again. */
  get(key: string): CachedResponse | undefined;
  /** The same, and a promise where the disk, or what machines share, may have one (`cache.disk`, `cache.redis` of `sluice.yaml`). */
  find(key: string): CachedResponse | undefined | Promise<CachedResponse | undefined>;
  /**
   * Keeps a response, and tells whether it was found worth its place, and was not purged since its request arrived: what was
   * purged meanwhile by its URL or a tag stays away.
   */
  set(key: string, meta: string, body: Uint8Array | null, options?: StoreOptions): boolean;
  /**
   * Replaces what is said of a response, its URL and its tags; its body stays, and it is not stale any more. Returns
   * whether there was one that no purge has met since the request arrived.
   */
  update(key: string, meta: string, options?: StoreOptions): boolean;
  /** Whether there was one. */
  delete(key: string): boolean;
  /** Deletes every response whose key begins so; returns how many. */
  deletePrefix(prefix: string): number;
  /** Deletes every response with this tag; returns how many. One that was asked for before, and arrives after, is not kept. */
  deleteTag(tag: string): number;
  /** The same for every response that belongs to this URL. */
  deleteUrl(url: string): number;
  /**
   * In `onResponse`: keeps the response at hand while its body goes to the client, as it reaches this plugin. Resolves to
   * whether it was kept: false when it broke off, was too long, purged meanwhile, or not worth its place.
   */
  record(key: string, meta: string, options?: RecordOptions): Promise<boolean>;
}

export interface CachedResponse {
  readonly meta: string;
  /** Bytes of the body. */
  readonly length: number;
  /** When an operator marked it as stale, in ms since the epoch; null: nobody did. */
  readonly staleSince: number | null;
  /** It comes from what machines share (`cache.redis`): `meta` is what somebody has written there, to be checked before it is used. */
  readonly isShared: boolean;
  /**
   * An answer with this body, or a part of it. Nothing but the proxy can read it.
   *
   * @param range `end` is exclusive
   */
  response(
    init?: CachedResponseInit,
    range?: { readonly start?: number; readonly end?: number },
  ): WebResponse;
}

export interface CachedResponseInit {
  readonly status?: number;
  readonly statusText?: string;
  readonly headers?: WebHeaders | [string, string][] | Record<string, string>;
}

export interface StoreOptions {
  /** For `deleteUrl`, and for operators who purge a URL, or all that begin alike. */
  readonly url?: string;
  /** For `deleteTag`, and for operators who purge a tag. */
  readonly tags?: readonly string[];
  /**
   * Seconds for which no other machine has a better one (`cache.redis` of `sluice.yaml`): after them `find` looks there before it
   * gives what memory has. Default: it never does.
   */
  readonly freshFor?: number;
  /** Seconds after which nobody has any use for it: what machines share is gone then. Default: as long as they keep it. */
  readonly usefulFor?: number;
}

export interface RecordOptions extends StoreOptions {
  /** A longer body is not kept. Default: as much as the store takes. */
  readonly maxBytes?: number;
  /**
   * Whether `get` finds it as soon as it is being recorded, where the length of its body is known: whoever is answered with
   * it then gets what has arrived, the rest as it arrives, and a broken response when the rest does not come. While somebody
   * reads along, a client that reads slowly or leaves holds nothing up.
   */
  readonly early?: boolean;
}
