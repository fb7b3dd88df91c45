/** Encodes responses in a coding that the client accepts (RFC 9110 sections 8.4 and 12.5.3). */
import { definePlugin } from "sluice/sdk";
import { type Coding, chooseCoding } from "./accept-encoding.ts";
import { schema } from "./config.ts";
import { hasNoTransform, isEligible } from "./eligible.ts";
import { tellCoding, varyByEncoding, weakenTagOfNotModified } from "./fields.ts";
import { type Rules, rulesOf } from "./rules.ts";

const rules = new WeakMap<object, Rules>();

interface State {
  /** Null: the client accepts none, or the response is to stay as it is. */
  coding: Coding | null;
  ifNoneMatch: string | null;
  /** Whether the request may have a secret in its response. */
  isSecret: boolean;
}

export default definePlugin({
  description: "Encodes responses in gzip, brotli or zstd, as the client accepts them",
  config: schema,
  state: (): State => ({ coding: null, ifNoneMatch: null, isSecret: false }),
  setup(config) {
    rules.set(config, rulesOf(config));
  },
  onRequest({ headers }, { config, state }) {
    const { offered, skipsSecrets, asksForIdentity } = rules.get(config)!;
    // RFC 9111 section 5.2.1.6: a client may ask for what there is.
    if (!hasNoTransform(headers.get("cache-control"))) {
      state.coding = chooseCoding(headers.get("accept-encoding"), offered);
    }
    state.ifNoneMatch = headers.get("if-none-match");
    state.isSecret = skipsSecrets && (headers.has("cookie") || headers.has("authorization"));
    if (asksForIdentity) headers.set("accept-encoding", "identity");
  },
  onResponse(response, ctx) {
    const { headers, status } = response;
    const { coding, ifNoneMatch, isSecret } = ctx.state;
    const { levels, minSize, types, streams, skipsSecrets } = rules.get(ctx.config)!;
    if (!isEligible(response, types, minSize)) return;
    varyByEncoding(headers);
    if (status === 304) {
      weakenTagOfNotModified(headers, ifNoneMatch);
      return;
    }
    if (coding === null || isSecret) return;
    // A secret beside what a stranger has put into the request can be guessed from the length (BREACH).
    if (skipsSecrets && (ctx.identity !== null || headers.has("set-cookie"))) return;
    const isStream = streams.has(headers.get("content-type"));
    if (response.encodeBody(coding, { level: levels[coding], flushAfter: isStream ? 0 : 50 })) {
      tellCoding(headers, coding);
      ctx.metrics.counter(`encoded_${coding}`);
    } else {
      ctx.metrics.counter("left_busy");
    }
  },
});
