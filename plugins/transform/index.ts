/** Edits heads and JSON bodies by rules. */
import { type Context, definePlugin, type PluginRequest } from "sluice/sdk";
import { schema } from "./config.ts";
import type { Fields } from "./facts.ts";
import { refusedRequest, refusedResponse } from "./refusal.ts";
import { type Fault, transformRequest } from "./request.ts";
import { type Kept, transformResponse } from "./response.ts";
import { type Rules, rulesOf } from "./rules.ts";
import type { StreamEditor } from "./stream/editor.ts";

const rulesByConfig = new WeakMap<object, Rules>();
const usual: Kept = { method: "GET", fields: new Map() };

/** Of one exchange: what is kept of its request, and what edits the bodies as they pass. */
interface State {
  kept: Kept;
  request: StreamEditor | null;
  response: StreamEditor | null;
}

export default definePlugin({
  description:
    "Edits headers, queries, paths, cookies, JSON and XML bodies by rules, and masks what others must not see",
  config: schema,
  state: (): State => ({ kept: usual, request: null, response: null }),
  setup(config, host) {
    const rules = rulesOf(config);
    rulesByConfig.set(config, rules);
    if (!rules.streams.request) host.skip("onRequestBody");
    if (!rules.streams.response) host.skip("onResponseBody");
    if (rules.response.length === 0) host.skip("onResponse");
    if (rules.request.length + rules.response.length === 0) host.skip("onRequest");
  },
  onRequest(request, ctx) {
    const rules = rulesByConfig.get(ctx.config)!;
    if (rules.response.length > 0) keep(request, rules, ctx.state);
    if (rules.readsResponse) askForWhole(request.headers);
    const keepEditor = (editor: StreamEditor): void => {
      ctx.state.request = editor;
    };
    return refused(transformRequest(request, rules, ctx, keepEditor), rules, ctx, refuseRequest);
  },
  onResponse(response, ctx) {
    const rules = rulesByConfig.get(ctx.config)!;
    const { state } = ctx;
    const keepEditor = (editor: StreamEditor): void => {
      state.response = editor;
    };
    return refused(
      transformResponse(response, rules, state.kept, ctx, keepEditor),
      rules,
      ctx,
      refuseResponse,
    );
  },
  onRequestBody(chunk, ctx) {
    return ctx.state.request?.push(chunk, ctx.last, ctx.log);
  },
  onResponseBody(chunk, ctx) {
    return ctx.state.response?.push(chunk, ctx.last, ctx.log);
  },
});

function keep({ headers, method }: PluginRequest, { kept }: Rules, state: State): void {
  if (method === usual.method && kept.length === 0) return;
  state.kept = { method, fields: new Map(kept.map((name) => [name, headers.get(name)])) };
}

/** An encoded answer, or a part of one, is none in which rules can be followed. */
function askForWhole(headers: Fields): void {
  headers.delete("range");
  headers.delete("if-range");
  headers.set("accept-encoding", "identity");
}

type Counting = Pick<Context, "metrics">;
type Refuse = (fault: Fault, ctx: Counting) => Response;

function refuseRequest(fault: Fault, { metrics }: Counting): Response {
  metrics.counter("requests_refused");
  return refusedRequest(fault);
}

function refuseResponse(_fault: Fault, { metrics }: Counting): Response {
  metrics.counter("responses_refused");
  return refusedResponse();
}

/** Only a body that has to be read makes a request wait. */
function refused(
  found: Fault | null | Promise<Fault | null>,
  rules: Rules,
  ctx: Counting,
  refuse: Refuse,
): Response | undefined | Promise<Response | undefined> {
  if (found instanceof Promise) return found.then((fault) => refusal(fault, rules, ctx, refuse));
  return refusal(found, rules, ctx, refuse);
}

function refusal(fault: Fault | null, rules: Rules, ctx: Counting, refuse: Refuse): Response | undefined {
  if (fault === null || (rules.lets && fault !== "path")) return undefined;
  return refuse(fault, ctx);
}
