/** Who may send what: lists of addresses and agents, fields, roles, and expressions of CEL. */
import { type Context, definePlugin } from "sluice/sdk";
import { pathOf } from "../shared/cel/request-facts.ts";
import { type BodyFault, checkBody } from "./body-limits.ts";
import { schema } from "./config.ts";
import { bodyReply, refusalReply } from "./reply.ts";
import { decide, type Rules, rulesOf } from "./rules.ts";

const rules = new WeakMap<object, Rules>();

export default definePlugin({
  description: "Decides who may send what: by address, agent, fields, roles, and expressions of CEL",
  config: schema,
  setup(config) {
    rules.set(config, rulesOf(config));
  },
  onRequest(request, ctx) {
    const all = rules.get(ctx.config)!;
    const { method, url, headers } = request;
    const facts = {
      method,
      url,
      headers,
      address: ctx.client.address,
      route: ctx.route.name,
      sender: ctx.identity,
    };
    // What the error says may hold values of the request: the log has the rule alone.
    const refusal = decide(all, facts, (rule) => ctx.log.warn("expression failed", { rule }));
    if (refusal !== null) {
      ctx.metrics.counter("refused");
      return refusalReply(refusal, all, { method, path: pathOf(url), requestId: ctx.requestId });
    }
    if (all.body === null) return;
    const fault = checkBody(request, all.body);
    return fault instanceof Promise ? fault.then((late) => replyTo(late, ctx)) : replyTo(fault, ctx);
  },
});

function replyTo(fault: BodyFault | null, { metrics }: Pick<Context, "metrics">): Response | undefined {
  if (fault === null) return undefined;
  metrics.counter("bodies_refused");
  return bodyReply(fault);
}
