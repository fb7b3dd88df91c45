/** Takes fields out of a stream of JSON lines while it passes: no more than one line is ever held. */
import { definePlugin } from "sluice/sdk";

export default definePlugin({
  description: "Removes fields from the objects of an NDJSON response",
  config: {
    type: "object",
    properties: {
      fields: { type: "array", items: { type: "string" } },
      longestLine: { type: "integer", default: 64 * 1024 },
    },
    required: ["fields"],
    additionalProperties: false,
  },
  state: () => ({ decoder: null as TextDecoder | null, rest: "" }),

  onResponse(response, ctx) {
    const type = response.headers.get("content-type") ?? "";
    if (!type.startsWith("application/x-ndjson")) return;
    ctx.state.decoder = new TextDecoder();
    // It told about the bytes that the service sent.
    response.headers.delete("etag");
  },

  onResponseBody(chunk, ctx) {
    const { state, config } = ctx;
    if (state.decoder === null) return;
    const lines = (state.rest + state.decoder.decode(chunk, { stream: !ctx.last })).split("\n");
    state.rest = lines.pop()!;
    if (state.rest.length > config.longestLine)
      throw new Error(`a line has more than ${config.longestLine} characters`);
    let shown = "";
    for (const line of lines) shown += `${redact(line, config.fields)}\n`;
    return ctx.last ? shown + redact(state.rest, config.fields) : shown;
  },
});

/** A line that is no JSON is not shown at all: nobody knows what it holds. */
function redact(line: string, fields: readonly string[]): string {
  if (line === "") return "";
  try {
    return JSON.stringify(JSON.parse(line, (key, value) => (fields.includes(key) ? undefined : value)));
  } catch {
    return "{}";
  }
}
