import type { ConfigSchema, NoConfig } from "./config-schema.ts";
import type { Plugin } from "./plugin.ts";

/**
 * Gives a plugin its types and returns it as it is; what a plugin module exports by default.
 * `ctx.config` has the type that the schema in `config` describes, `ctx.state` the type that `state`
 * returns. Without `state`, any property may be written to `ctx.state` and read from it, unchecked.
 *
 * @example
 * export default definePlugin({
 *   name: "tenant",
 *   config: { type: "object", properties: { header: { type: "string", default: "x-tenant" } } },
 *   state: () => ({ tenant: "" }),
 *   onRequest(request, ctx) {
 *     ctx.state.tenant = request.headers.get(ctx.config.header) ?? "nobody";
 *   },
 *   onResponse(response, ctx) {
 *     response.headers.set("x-tenant", ctx.state.tenant);
 *   },
 * });
 */
export function definePlugin<
  const Schema extends ConfigSchema = NoConfig,
  // biome-ignore lint/suspicious/noExplicitAny: a plugin without `state` may keep there what it likes
  State = any,
>(plugin: Plugin<Schema, State>): Plugin<Schema, State> {
  return plugin;
}
