/** Edits heads and JSON bodies by rules. */
import { definePlugin } from "sluice/sdk";
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
  state: () => ({ kept: nothing }),
  setup(config) {
    rulesByConfig.set(config, rulesOf(config));
  },
  onRequest(request, ctx) {
    const rules = rulesByConfig.get(ctx.config)!;
    if (rules.response.length > 0) {
      const { headers, method } = request;
      ctx.state.kept = { method, fields: new Map(rules.kept.map((name) => [name, headers.get(name)])) };
    }
    if (rules.readsResponse) askForWhole(request.headers);
    return refused(transformRequest(request, rules, ctx), rules, refusedRequest);
  },
  onResponse(response, ctx) {
    const rules = rulesByConfig.get(ctx.config)!;
    return refused(transformResponse(response, rules, ctx.state.kept, ctx), rules, refusedResponse);
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
