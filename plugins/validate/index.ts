/** Requests and responses are held to JSON Schema or to an OpenAPI document. */
import { type ConfigOf, type Context, definePlugin, type PluginRequest } from "sluice/sdk";
import type { Content } from "./body.ts";
import { schema } from "./config.ts";
import { type Finding, problem } from "./finding.ts";
import { checkRequest, checkResponse, type Found, find, needsBody, needsResponse } from "./messages.ts";
import { report } from "./report.ts";
import { type Rules, rulesOf } from "./rules.ts";

const rules = new WeakMap<object, Rules>();

/** What a response has to fit, and what it answers. */
interface State {
  found: Found | null;
  method: string;
}

export default definePlugin({
  description: "Holds requests and responses to a JSON Schema or to an OpenAPI document",
  config: schema,
  state: (): State => ({ found: null, method: "" }),
  setup(config, host) {
    rules.set(config, rulesOf(config));
    if (!config.responses) host.skip("onResponse");
    if (!config.responses && !config.requests) host.skip("onRequest");
  },
  onRequest(request, ctx) {
    const { config } = ctx;
    const found = find(rules.get(config)!, request, config.unknownPaths);
    const check = (content: Content): Response | undefined => {
      const finding = checkRequest(found, request, content);
      const isRefused = finding !== null && isReported(ctx, "request", finding);
      if (isRefused) return problem(finding, false);
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
      return finding !== null && isReported(ctx, "response", finding) ? problem(finding, true) : undefined;
    };
    const isEmpty = method === "HEAD" || response.status === 204 || response.status === 304;
    return isEmpty ? check(null) : readBy(response, check);
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
}

/** Returns whether the message is refused. */
function isReported(
  ctx: Pick<Context<ConfigOf<typeof schema>>, "log" | "metrics" | "config">,
  what: "request" | "response",
  finding: Finding,
): boolean {
  const { mode } = ctx.config;
  report(ctx, what, mode, finding);
  return mode === "enforce";
}
