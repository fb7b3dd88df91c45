/** Refuses what pages of other origins send in a user's name (https://developer.mozilla.org/docs/Web/Security/Attacks/CSRF). */
import { definePlugin } from "sluice/sdk";
import { schema } from "./config.ts";
import { isForged, type Rules } from "./judge.ts";

const rules = new WeakMap<object, Rules>();

export default definePlugin({
  description: "Refuses what pages of other origins send in the name of a user",
  config: schema,
  setup(config) {
    const { origins, safeMethods, strict } = config;
    rules.set(config, { origins: new Set(origins), safeMethods: new Set(safeMethods), strict });
  },
  onRequest(request, { config, metrics }) {
    if (!isForged(request, rules.get(config)!)) return;
    metrics.counter("refused");
    return refusal();
  },
});

/** Problem details (RFC 9457). */
function refusal(): Response {
  const problem = {
    type: "about:blank",
    title: "The request comes from a page of another origin",
    status: 403,
    code: "cross_origin_request",
  };
  return new Response(`${JSON.stringify(problem)}\n`, {
    status: 403,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
  });
}
