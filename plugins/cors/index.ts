/** Lets pages of other origins use a service (https://fetch.spec.whatwg.org/#http-cors-protocol). */
import { definePlugin } from "sluice/sdk";
import { allowReading } from "./allow.ts";
import { schema } from "./config.ts";
import { answerPreflight, isPreflight } from "./preflight.ts";
import { type Rules, rulesOf } from "./rules.ts";

const rules = new WeakMap<object, Rules>();

interface State {
  /** Of the request; null: it said none. */
  origin: string | null;
  isPreflight: boolean;
}

export default definePlugin({
  description: "Lets pages of other origins use the service: answers preflights, and says who may read",
  config: schema,
  state: (): State => ({ origin: null, isPreflight: false }),
  setup(config) {
    rules.set(config, rulesOf(config));
  },
  onRequest(request, { config, metrics, state }) {
    state.origin = request.headers.get("origin");
    if (!isPreflight(request)) return;
    state.isPreflight = true;
    const headers = new Headers();
    const isAllowed = answerPreflight(headers, request, rules.get(config)!);
    metrics.counter(isAllowed ? "preflights" : "preflights_refused");
    return isAllowed ? new Response(null, { status: 204, headers }) : refusal(headers);
  },
  onResponse(response, { config, state }) {
    if (!state.isPreflight) allowReading(response.headers, state.origin, rules.get(config)!);
  },
});

/** Problem details (RFC 9457); the browser would refuse a 204 without the fields, too, and tell less. */
function refusal(headers: Headers): Response {
  headers.set("content-type", "application/problem+json");
  const problem = {
    type: "about:blank",
    title: "The origin may not use the service",
    status: 403,
    code: "origin_refused",
  };
  return new Response(`${JSON.stringify(problem)}\n`, { status: 403, headers });
}
