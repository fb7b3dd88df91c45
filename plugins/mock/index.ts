/** Answers in the place of a service. */
import { definePlugin } from "sluice/sdk";
import { targetOf } from "../shared/target.ts";
import { schema } from "./config.ts";
import { noReply, replyOf } from "./reply.ts";
import { answerFor, type Rules, rulesOf } from "./rules.ts";

const rules = new WeakMap<object, Rules>();

export default definePlugin({
  description:
    "Answers in the place of a service: with responses of the config, or examples and schemas of OpenAPI",
  config: schema,
  setup(config) {
    rules.set(config, rulesOf(config));
  },
  onRequest(request, { config, metrics }) {
    const { method, headers } = request;
    const asked = { method, headers, ...targetOf(request.url) };
    const found = answerFor(rules.get(config)!, asked, config.prefer, Math.random());
    if (found === "unknown" && config.unknown === "pass") return undefined;
    metrics.counter(typeof found === "string" ? `refused_${found}` : "answered");
    if (typeof found === "string") return noReply(found, config.marker);
    const { answer, preference } = found;
    const seed = `${config.seed} ${method === "HEAD" ? "GET" : method} ${asked.path}${asked.query}`;
    const reply = replyOf(answer, preference, config.marker, seed);
    const delay = answer.delay ?? config.delay;
    return delay === 0 ? reply : new Promise((resolve) => setTimeout(resolve, delay, reply));
  },
});
