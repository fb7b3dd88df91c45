/** Refuses what pages of other origins send in a user's name (https://developer.mozilla.org/docs/Web/Security/Attacks/CSRF). */
import { definePlugin } from "sluice/sdk";
import { schema } from "./config.ts";
import { changesSomething, isForged, type Rules } from "./judge.ts";
import { refusal } from "./refusal.ts";
import { type PageState, Tokens } from "./tokens.ts";

const rules = new WeakMap<object, Rules & { readonly tokens: Tokens | null }>();

export default definePlugin({
  description: "Refuses what pages of other origins send in the name of a user",
  config: schema,
  state: (): PageState => ({ session: null, token: null }),

  async setup(config) {
    const { origins, safeMethods, strict } = config;
    const tokens = config.tokens === undefined ? null : await Tokens.create(config.tokens);
    rules.set(config, { origins: new Set(origins), safeMethods: new Set(safeMethods), strict, tokens });
  },

  onRequest(request, { config, identity, metrics, state }) {
    const own = rules.get(config)!;
    if (isForged(request, own)) {
      metrics.counter("refused");
      return refusal("cross-origin");
    }
    const { tokens } = own;
    if (tokens === null) return;
    if (!changesSomething(request, own)) return tokens.prepare(request, identity, state);
    return tokens.judge(request, identity).then((verdict) => {
      if (verdict === null) return;
      metrics.counter("tokens_refused");
      return refusal(verdict);
    });
  },

  onResponse(response, { config, state }) {
    return rules.get(config)!.tokens?.bring(response, state);
  },
});
