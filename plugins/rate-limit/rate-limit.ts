import { definePlugin, type Plugin, type PluginRequest } from "sluice/sdk";
import { type Admission, admit, charge, type LimitContext, leave } from "./admission.ts";
import { schema } from "./config.ts";
import { isExempt } from "./exempt.ts";
import { standingsText } from "./fields.ts";
import type { OwnKey } from "./key.ts";
import { type Rules, rulesOf } from "./limits.ts";
import { admitShared, type Shared } from "./shared-admission.ts";

export interface RateLimitOptions {
  /** What `function` in a limit's `key` stands for; null: the limit's `missing` says what becomes of it. */
  readonly key?: OwnKey;
  /** What a request costs; 0: it is not limited; undefined: what the config says. */
  readonly cost?: (request: PluginRequest, ctx: LimitContext) => number | undefined;
}

/**
 * Limits of requests as a plugin.
 *
 * @example
 * import { rateLimit } from "sluice/plugins/rate-limit";
 *
 * export default rateLimit({
 *   cost: (request) => (request.method === "GET" ? 1 : 10),
 * });
 */
export function rateLimit({ key, cost }: RateLimitOptions = {}): Plugin<typeof schema, Admission> {
  const rules = new WeakMap<object, Rules & { readonly shared: Shared | null }>();
  return definePlugin({
    description: "Refuses requests beyond limits: rates, windows, quotas, and so many at the same time",
    config: schema,
    capabilities: { kv: true },
    state: (): Admission => ({ counted: [], stood: [], isOver: false }),

    setup(config, host) {
      const { store } = config;
      const shared = store === undefined ? null : { store: host.store(store.name), onLoss: store.onLoss };
      const own = { ...rulesOf(config, key ?? null), shared };
      rules.set(config, own);
      if (own.fields !== "always" && own.costHeaders.length === 0) host.skip("onResponse");
      if (own.limits.every(({ limiter }) => limiter.leave === undefined)) host.skip("onLog");
    },

    onRequest(request, ctx) {
      const own = rules.get(ctx.config)!;
      if (own.exempt !== null && isExempt(own.exempt, ctx)) return;
      const price = cost === undefined ? null : priced(cost(request, ctx));
      if (price === 0) return;
      if (own.shared !== null) return admitShared(own.shared, own, request, ctx, price);
      return admit(own, request, ctx, price);
    },

    onResponse({ headers }, ctx) {
      const { fields, policy, costHeaders } = rules.get(ctx.config)!;
      if (costHeaders.length > 0) {
        charge(ctx, headers);
        for (const name of costHeaders) headers.delete(name);
      }
      if (fields !== "always" || ctx.state.stood.length === 0) return;
      headers.append("ratelimit-policy", policy);
      headers.append("ratelimit", standingsText(ctx.state.stood));
    },

    onLog(_, ctx) {
      leave(ctx);
    },
  });
}

/** @throws Error for what cannot be a cost: it would give back what others have used */
function priced(cost: number | undefined): number | null {
  if (cost === undefined) return null;
  if (Number.isFinite(cost) && cost >= 0) return cost;
  throw new Error(`Cannot use the cost: expected a number from 0 on, found ${cost}`);
}
