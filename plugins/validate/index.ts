/** Requests and responses are held to JSON Schema or to an OpenAPI document. */
import { definePlugin, type PluginRequest } from "sluice/sdk";
import type { Content } from "./body.ts";
import { schema } from "./config.ts";
import { problem } from "./finding.ts";
import {
  allowsParts,
  checkRequest,
  checkResponse,
  type Found,
  find,
  needsBody,
  needsResponse,
} from "./messages.ts";
import { observeRequest, observeResponse } from "./observe.ts";
import type { ObservedBody } from "./observed-body.ts";
import { report } from "./report.ts";
import { type Rules, rulesOf } from "./rules.ts";

const rules = new WeakMap<object, Rules>();

/** What a response has to fit, and what it answers. */
interface State {
  found: Found | null;
  method: string;
  /** Bodies that are looked at while they pass, in report mode; null: none is. */
  request: ObservedBody | null;
  response: ObservedBody | null;
}

export default definePlugin({
  description: "Holds requests and responses to a JSON Schema or to an OpenAPI document",
  config: schema,
  state: (): State => ({ found: null, method: "", request: null, response: null }),
  setup(config, host) {
    rules.set(config, rulesOf(config));
    if (!config.responses) host.skip("onResponse");
    if (!config.responses && !config.requests) host.skip("onRequest");
    if (config.mode === "enforce" || !config.requests) host.skip("onRequestBody");
    if (config.mode === "enforce" || !config.responses) host.skip("onResponseBody");
  },
  onRequest(request, ctx) {
    const { config } = ctx;
    const found = find(rules.get(config)!, request, config.unknownPaths);
    if (config.mode === "report") {
      if (config.requests) ctx.state.request = observeRequest(request, found, ctx);
      if (config.responses) awaitResponse(request, found, ctx.state);
      return undefined;
    }
    const check = (content: Content): Response | undefined => {
      const finding = checkRequest(found, request, content);
      if (finding !== null) {
        report(ctx, "request", "enforce", finding);
        return problem(finding, false);
      }
      if (config.responses) awaitResponse(request, found, ctx.state);
      return undefined;
    };
    if (!config.requests) awaitResponse(request, found, ctx.state);
    else if (needsBody(found)) return readBy(request, check);
    else return check("");
    return undefined;
  },
  onResponse(response, ctx) {
    const { found, method } = ctx.state;
    if (found === null || response.error !== null) return undefined;
    if (!needsResponse(found, response.status)) return undefined;
    const check = (content: Content | null): Response | undefined => {
      const finding = checkResponse(found, response, content);
      if (finding === null) return undefined;
      report(ctx, "response", ctx.config.mode, finding);
      return ctx.config.mode === "enforce" ? problem(finding, true) : undefined;
    };
    const isEmpty = method === "HEAD" || response.status === 204 || response.status === 304;
    if (isEmpty) return check(null);
    if (ctx.config.mode === "enforce") return readBy(response, check);
    ctx.state.response = observeResponse(response, found, ctx);
    return undefined;
  },
  onRequestBody(chunk, ctx) {
    ctx.state.request?.add(chunk, ctx.last);
  },
  onResponseBody(chunk, ctx) {
    ctx.state.response?.add(chunk, ctx.last);
  },
});

/** A promise only where the body has to be waited for. */
function readBy<Result>(
  message: Pick<PluginRequest, "arrivedText" | "bytes">,
  check: (content: Content) => Result,
): Result | Promise<Result> {
  const text = message.arrivedText();
  return text === null ? message.bytes().then(check) : check(text);
}

function awaitResponse(request: PluginRequest, found: Found, state: State): void {
  state.method = request.method;
  state.found = found;
  // A packed response could not be looked into.
  request.headers.set("accept-encoding", "identity");
  if (!request.headers.has("range") || allowsParts(found)) return;
  request.headers.delete("range");
  request.headers.delete("if-range");
}
