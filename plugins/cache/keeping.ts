/** How a response is put onto the shelf, and under which labels purges find it there. */
import type { CacheConfig } from "./config.ts";
import { fieldValue, type RequestHead } from "./fields.ts";
import { land } from "./flights/landing.ts";
import { keyedUrl } from "./key/cache-key.ts";
import { type CacheContext, rulesFor } from "./passing.ts";
import type { ResponsePlan } from "./response-plan.ts";
import { remainingOf, usefulFor } from "./retention.ts";
import { isForAll } from "./reuse.ts";
import { place } from "./shelf.ts";
import type { StoredResponse } from "./stored-response.ts";
import { tagsOf } from "./tags.ts";

export function store(
  { stored, vary }: Extract<ResponsePlan, { kind: "store" }>,
  head: RequestHead,
  now: number,
  ctx: CacheContext,
): boolean {
  const { cache, config, state } = ctx;
  const entry = place(cache, state.key!, vary, head.headers, config.maxVariants);
  if (entry === null || !isForAll(stored, now, rulesFor(config))) land(ctx, "apart");
  if (entry === null) return false;
  // What is under the key itself was replaced by the list of those that vary.
  if (state.found && state.entry !== entry && state.entry !== state.key) cache.delete(state.entry);
  const options = { maxBytes: config.maxBody, early: true, ...labelsOf(head, stored, now, config) };
  const meta = JSON.stringify(stored);
  const recorded = cache.record(entry, meta, options);
  // Who waits may read along.
  if (state.flight !== null && cache.get(entry)?.meta === meta) land(ctx, "shared");
  ctx.waitUntil(
    recorded.then(
      (isKept) => land(ctx, isKept ? "shared" : "failed"),
      (error) => {
        land(ctx, "failed");
        throw error;
      },
    ),
  );
  return true;
}

export function keep(
  stored: StoredResponse,
  head: RequestHead,
  now: number,
  { cache, config, state }: CacheContext,
): void {
  cache.update(state.entry, JSON.stringify(stored), labelsOf(head, stored, now, config));
}

/** What purges find a response by, and for how long it is worth something to other machines. */
function labelsOf(head: RequestHead, stored: StoredResponse, now: number, config: CacheConfig) {
  const own = rulesFor(config);
  const tags = own.tagFields.map((name) => fieldValue(stored.fields, name)).join(" ");
  return {
    url: keyedUrl(head.url, own.key),
    tags: tagsOf(tags),
    freshFor: remainingOf(stored, now) / 1000,
    usefulFor: usefulFor(stored, now, own) / 1000,
  };
}
