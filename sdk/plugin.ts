import type { Capabilities } from "./capabilities.ts";
import type { ConfigOf } from "./config-of.ts";
import type { ConfigSchema } from "./config-schema.ts";
import type { BodyContext, Context } from "./context.ts";
import type { DiscoveredEndpoint, DiscoverHost } from "./discover-host.ts";
import type { Limits } from "./limits.ts";
import type { LogRecord } from "./log-record.ts";
import type { PluginRequest } from "./plugin-request.ts";
import type { PluginResponse } from "./plugin-response.ts";
import type { SetupHost } from "./setup-host.ts";
import type { UpstreamAttempt } from "./upstream-attempt.ts";
import type { WebResponse } from "./web.ts";

/**
 * A plugin: what it is, what it needs, and its phases. A phase that is not defined costs nothing. Handlers
 * may be async; one that is not never waits for anything. A handler that throws, or passes a limit, is a
 * fault, which ends as `onFailure` says.
 *
 * A plugin with a member that is not among these, or with nothing to call, is not loaded: a mistyped phase would guard nothing.
 *
 * One request sees the plugins in their order up to the upstream, and in reverse order on the way back.
 *
 * @example
 * const plugin: Plugin = {
 *   onRequest(request) {
 *     if (request.method === "TRACE") return new Response(null, { status: 405 });
 *   },
 * };
 */
export interface Plugin<Schema extends ConfigSchema = ConfigSchema, State = unknown> {
  /** For those who read the file. The config, logs and metrics know a plugin by the name of its file. */
  readonly name?: string;
  /** One sentence for the people who operate the proxy. */
  readonly description?: string;
  /**
   * JSON Schema of the config, written down or made with typebox. The config is checked against it, and its
   * defaults are filled in, before `setup`; a config that does not fit fails the reload. Without a schema
   * the plugin takes no config.
   */
  readonly config?: Schema;
  /** Default: nothing. */
  readonly capabilities?: Capabilities;
  readonly limits?: Limits;
  /**
   * What becomes of a request in whose phase the plugin failed. `closed`, the default: it is answered with
   * 500, or 503 while the plugin is in quarantine. `open`: the phase is skipped, and the fault is counted.
   */
  readonly onFailure?: "closed" | "open";
  /**
   * Makes the `ctx.state` of a request, before its first phase here.
   *
   * @example
   * state: () => ({ tenant: "", begun: 0 }),
   */
  readonly state?: () => State;

  /**
   * Runs once for each config of the plugin and each generation, before that takes traffic. When it throws,
   * the reload fails and the old generation stays. Policies that share a plugin share its module: what
   * belongs to one config is best kept in a `WeakMap` whose keys are configs.
   *
   * @example
   * const tokens = new WeakMap<object, string>();
   *
   * export default definePlugin({
   *   config: { type: "object", properties: { variable: { type: "string", default: "API_TOKEN" } } },
   *   setup(config, host) {
   *     tokens.set(config, host.env(config.variable) ?? "none");
   *   },
   *   onUpstream(attempt, ctx) {
   *     attempt.headers.set("authorization", `Bearer ${tokens.get(ctx.config)}`);
   *   },
   * });
   */
  setup?(config: ConfigOf<Schema>, host: SetupHost): Outcome<never>;
  /**
   * The head of a request has arrived. A `Response` that it returns is the answer: the request goes no
   * further, and the plugins that it already passed see the answer in `onResponse`.
   */
  onRequest?(request: PluginRequest, ctx: Context<ConfigOf<Schema>, State>): Outcome<WebResponse>;
  /**
   * A part of the request's body goes by, in whatever sizes the parts arrive. After the last one comes a
   * call with an empty chunk and `ctx.last`, also of a body of no bytes; a request with neither a length nor chunks has none. Returns what is sent instead (text as UTF-8), null to send
   * nothing, or nothing to send it as it came.
   *
   * @example
   * onRequestBody(chunk, ctx) {
   *   if (ctx.last) return "\n-- end";
   * }
   */
  onRequestBody?(
    chunk: Uint8Array,
    ctx: BodyContext<ConfigOf<Schema>, State>,
  ): Outcome<Uint8Array | string | null>;
  /** Before each attempt, retries included: choose the endpoint, sign, edit. */
  onUpstream?(attempt: UpstreamAttempt, ctx: Context<ConfigOf<Schema>, State>): Outcome<never>;
  /** The head of the response has arrived. A `Response` that it returns takes its place. */
  onResponse?(response: PluginResponse, ctx: Context<ConfigOf<Schema>, State>): Outcome<WebResponse>;
  /** As `onRequestBody`, for the response's body. */
  onResponseBody?(
    chunk: Uint8Array,
    ctx: BodyContext<ConfigOf<Schema>, State>,
  ): Outcome<Uint8Array | string | null>;
  /** After the last byte. Nothing waits for it, and a fault in it is only counted. */
  onLog?(record: LogRecord, ctx: Context<ConfigOf<Schema>, State>): Outcome<never>;
  /**
   * Finds the endpoints of a cluster whose config says `discovery: { plugin: NAME }`: called when the generation
   * takes over and then every so often, in one of the proxy's threads. Returns all endpoints that there are now, at
   * most 4096, within `capabilities.endpoints`. When it throws or takes too long, those found before stay.
   *
   * @example
   * export default definePlugin({
   *   capabilities: { fetch: ["https://registry.internal"], endpoints: ["10.0.0.0/8"] },
   *   async discover(config, host) {
   *     const url = `https://registry.internal/services/${host.cluster}`;
   *     const response = await fetch(url, { signal: host.signal });
   *     if (!response.ok) throw new Error(`status ${response.status}`);
   *     const instances = await response.json<{ ip: string; port: number }[]>();
   *     return instances.map(({ ip, port }) => ({ address: `${ip}:${port}` }));
   *   },
   * });
   */
  discover?(
    config: ConfigOf<Schema>,
    host: DiscoverHost,
  ): readonly (DiscoveredEndpoint | string)[] | Promise<readonly (DiscoveredEndpoint | string)[]>;
  /**
   * The last request of this version of the plugin is over, and with it `onLog` and what `ctx.waitUntil` was given: those are waited
   * for as `ctx.waitUntil` says. It has 5 s.
   */
  teardown?(): Outcome<never>;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing returns void
type Outcome<Value> = Value | void | Promise<Value | void>;
