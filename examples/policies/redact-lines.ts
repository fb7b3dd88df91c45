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

  // A part of a line, or a line that is packed, is none in which fields can be found.
  onRequest({ headers }) {
    headers.delete("range");
    headers.delete("if-range");
    headers.set("accept-encoding", "identity");
  },

  onResponse({ status, headers }, ctx) {
    // A part that nobody asked for: its type may be multipart/byteranges, whatever it is a part of.
    if (status === 206) return refuse();
    const type = headers.get("content-type") ?? "";
    if (!type.toLowerCase().startsWith("application/x-ndjson")) return;
    if ((headers.get("content-encoding") ?? "identity") !== "identity") return refuse();
    ctx.state.decoder = new TextDecoder();
    // They told about the bytes that the service sent.
    for (const name of ["etag", "content-digest", "repr-digest"]) headers.delete(name);
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

function refuse(): Response {
  return Response.json({ title: "The service's answer cannot be read", status: 502 }, { status: 502 });
}

/** A line that is no JSON is not shown at all: nobody knows what it holds. */
function redact(line: string, fields: readonly string[]): string {
  if (line === "") return "";
  try {
    return JSON.stringify(JSON.parse(line, (key, value) => (fields.includes(key) ? undefined : value)));
  } catch {
    return "{}";
  }
}
