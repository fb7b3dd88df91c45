/** Requests and responses are held to JSON Schema or to an OpenAPI document. */
import { definePlugin } from "sluice/sdk";
import { schema } from "./config.ts";
import { problem } from "./finding.ts";
import { checkRequest, checkResponse, type Found, find, needsBody, needsResponse } from "./messages.ts";
import { report } from "./report.ts";
import { type Rules, rulesOf } from "./rules.ts";

const rules = new WeakMap<object, Rules>();

export default definePlugin({
  description: "Holds requests and responses to a JSON Schema or to an OpenAPI document",
  config: schema,
  state: (): { found: Found | null; method: string } => ({ found: null, method: "" }),
  setup(config) {
    rules.set(config, rulesOf(config));
  },
  async onRequest(request, ctx) {
    const { config, state } = ctx;
    const found = find(rules.get(config)!, request, config.unknownPaths);
    if (config.requests) {
      const bytes = needsBody(found) ? await request.bytes() : new Uint8Array();
      const finding = checkRequest(found, request, bytes);
      if (finding) {
        report(ctx, "request", config.mode, finding);
        if (config.mode === "enforce") return problem(finding, false);
      }
    }
    state.method = request.method;
    state.found = config.responses ? found : null;
    // A packed response could not be looked into.
    if (config.responses) request.headers.set("accept-encoding", "identity");
    return undefined;
  },
  async onResponse(response, ctx) {
    const { config, state } = ctx;
    if (state.found === null || response.error !== null) return;
    if (!needsResponse(state.found, response.status)) return;
    const isEmpty = state.method === "HEAD" || response.status === 204 || response.status === 304;
    const bytes = isEmpty ? null : await response.bytes();
    const finding = checkResponse(state.found, response, bytes);
    if (!finding) return;
    report(ctx, "response", config.mode, finding);
    if (config.mode === "enforce") return problem(finding, true);
    return;
  },
});
