/** Versions of an API: which one a request is for, where it goes, and what its client has to know of it. */
import { definePlugin } from "sluice/sdk";
import { targetOf } from "../shared/target.ts";
import { choose } from "./choice.ts";
import { schema } from "./config.ts";
import { refusal, tellVersion } from "./reply.ts";
import { type Rules, rulesOf, type Version } from "./versions.ts";

const rulesByConfig = new WeakMap<object, Rules>();

export default definePlugin({
  description:
    "Finds out for which version of an API a request is, sends it there, and tells of those that end",
  config: schema,
  state: (): { version: Version | null } => ({ version: null }),
  setup(config) {
    rulesByConfig.set(config, rulesOf(config));
  },
  onRequest(request, ctx) {
    const { config, state } = ctx;
    // A path that was rewritten says no version any more.
    if (state.version !== null) return undefined;
    const rules = rulesByConfig.get(config)!;
    const target = targetOf(request.url);
    const now = Date.now();
    const choice = choose(rules, { headers: request.headers, ...target }, ctx.identity, now);
    if (choice.kind !== "version") {
      ctx.metrics.counter(`refused_${choice.kind}`);
      return refusal(choice, rules, config.unknown, now);
    }
    const { version, path } = choice;
    state.version = version;
    if (config.header !== "") request.headers.set(config.header, version.name);
    if (version.cluster !== null) ctx.upstream.cluster = version.cluster;
    if (path !== target.path) request.url = path + target.query;
    if (version.deprecated !== null) ctx.metrics.counter("deprecated_requests");
    return undefined;
  },
  onResponse({ headers }, { config, state }) {
    if (state.version === null) return;
    tellVersion(headers, rulesByConfig.get(config)!, state.version);
    if (config.responseHeader !== "") headers.set(config.responseHeader, state.version.name);
  },
});
