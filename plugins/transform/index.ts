/** Edits heads and JSON bodies by rules. */
import { definePlugin } from "sluice/sdk";
import type { Streaming } from "./body.ts";
import { schema } from "./config.ts";
import type { Fields } from "./facts.ts";
import { refusedRequest, refusedResponse } from "./refusal.ts";
import { type Fault, transformRequest } from "./request.ts";
import { type Kept, transformResponse } from "./response.ts";
import { type Rules, rulesOf } from "./rules.ts";

const rulesByConfig = new WeakMap<object, Rules>();
const nothing: Kept = { method: "", fields: new Map() };

export default definePlugin({
  description:
    "Edits headers, queries, paths, cookies, JSON and XML bodies by rules, and masks what others must not see",
  config: schema,
  state: () => ({
    kept: nothing,
    request: { editor: null } as Streaming,
    response: { editor: null } as Streaming,
  }),
  setup(config, host) {
    const rules = rulesOf(config);
    rulesByConfig.set(config, rules);
    if (!rules.streams.request) host.skip("onRequestBody");
    if (!rules.streams.response) host.skip("onResponseBody");
    if (rules.response.length === 0) host.skip("onResponse");
  },
  onRequest(request, ctx) {
    const rules = rulesByConfig.get(ctx.config)!;
    if (rules.response.length > 0) {
      const { headers, method } = request;
      ctx.state.kept = { method, fields: new Map(rules.kept.map((name) => [name, headers.get(name)])) };
    }
    if (rules.readsResponse) askForWhole(request.headers);
    return refused(transformRequest(request, rules, ctx, ctx.state.request), rules, refusedRequest);
  },
  onResponse(response, ctx) {
    const rules = rulesByConfig.get(ctx.config)!;
    return refused(
      transformResponse(response, rules, ctx.state.kept, ctx, ctx.state.response),
      rules,
      refusedResponse,
    );
  },
  onRequestBody(chunk, ctx) {
    return ctx.state.request.editor?.push(chunk, ctx.last, ctx.log);
  },
  onResponseBody(chunk, ctx) {
    return ctx.state.response.editor?.push(chunk, ctx.last, ctx.log);
  },
});

/** An encoded answer, or a part of one, is none in which rules can be followed. */
function askForWhole(headers: Fields): void {
  headers.set("accept-encoding", "identity");
  for (const name of ["range", "if-range"]) headers.delete(name);
}

/** Only a body that has to be read makes a request wait. */
function refused(
  found: Fault | null | Promise<Fault | null>,
  rules: Rules,
  answer: (fault: Fault) => Response,
): Response | undefined | Promise<Response | undefined> {
  if (found instanceof Promise) return found.then((fault) => refusal(fault, rules, answer));
  return refusal(found, rules, answer);
}

function refusal(
  fault: Fault | null,
  rules: Rules,
  answer: (fault: Fault) => Response,
): Response | undefined {
  if (fault === null || (rules.lets && fault !== "path")) return undefined;
  return answer(fault);
}
