/** Refuses bodies that are too long: before they are read where they say so, else in the middle (RFC 9110 section 15.5.14). */
import { definePlugin } from "sluice/sdk";
import { schema } from "./config.ts";
import { limitFor } from "./limit-for.ts";
import { tooLarge } from "./refusal.ts";

export default definePlugin({
  description:
    "Refuses request bodies beyond a size, by method and content type, and breaks off longer responses",
  config: schema,
  onRequest(request, { config, metrics }) {
    const limit = limitFor(request, config.rules, config.maxSize);
    const length = request.headers.get("content-length");
    if (length === null) request.limitBody(limit);
    else if (Number(length) > limit) {
      metrics.counter("refused");
      return tooLarge(limit);
    }
    return undefined;
  },
  onResponse(response, { config }) {
    if (config.maxResponseSize !== undefined) response.limitBody(config.maxResponseSize);
  },
});
