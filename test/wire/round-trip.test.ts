/** What the proxy writes is read by the next hop as it was read here. */
import { Buffer } from "node:buffer";
import fc from "fast-check";
import t from "tap";
import { defaultLimits } from "../../core/config/defaults.ts";
import { ClientSide } from "../../core/wire/forward/client-side.ts";
import { forwardRequest } from "../../core/wire/forward/request.ts";
import { forwardInterim, forwardResponse, forwardSwitch } from "../../core/wire/forward/response.ts";
import { RequestReader, ResponseReader } from "../../core/wire/message-reader.ts";
import type { RequestHead } from "../../core/wire/request-head.ts";
import type { ResponseHead } from "../../core/wire/response-head.ts";
import { request, response } from "./messages.ts";
import { mutated } from "./mutations.ts";
import { holds } from "./property.ts";
import { type Direction, type ReplayOptions, replay } from "./replay.ts";

const runs = 3000;
const endpoint = "endpoint.example";
const client = new ClientSide({
  address: "192.0.2.1",
  scheme: "http",
  trusted: false,
  via: "sluice",
  forwarded: false,
});
const requests = fc
  .array(request, { minLength: 1, maxLength: 3 })
  .map((messages) => messages.map(({ text }) => text).join(""));
const responses = response.map(({ text }) => text);

t.test("A forwarded request reads as it did before", async (t) => {
  const property = fc.property(fc.oneof(requests, mutated(requests)), (text) => {
    const before = replay([Buffer.from(text, "latin1")], options("request"));
    if (isRefused(before)) return true;
    const after = replay([forwardRequests(text)], options("request"));
    return meaning(after).join("\n") === meaning(before).join("\n");
  });
  await holds(t, property, runs);
});

t.test("A forwarded response reads as it did before", async (t) => {
  const property = fc.property(fc.oneof(responses, mutated(responses)), (text) => {
    const before = replay([Buffer.from(text, "latin1")], options("response"));
    if (isRefused(before)) return true;
    const after = replay([forwardResponses(text)], options("response"));
    return meaning(after).join("\n") === meaning(before).join("\n");
  });
  await holds(t, property, runs);
});

function options(direction: Direction): ReplayOptions {
  return { direction, limits: { ...defaultLimits, fields: 200 }, closes: true, answers: [] };
}

function isRefused(log: readonly string[]): boolean {
  return log.at(-1)?.startsWith("refused ") ?? false;
}

/** The log without what forwarding may change: the form of the target, the version, fields, no Host at all. */
function meaning(log: readonly string[]): string[] {
  return log
    .filter((line) => !line.startsWith("field "))
    .map((line) => (line.startsWith("head ") ? line.split(" ", 2).join(" ") : line))
    .map((line) => (line === "authority" ? `authority ${endpoint}` : line));
}

function forwardRequests(text: string): Buffer {
  let out = "";
  const reader = new RequestReader(defaultLimits, {
    onHead(head: RequestHead) {
      const host = head.authority === "" ? endpoint : null;
      out += forwardRequest(head, client, { host, path: null, requestId: "1", upgrade: null });
      return "raw";
    },
    onBody(bytes, start, end) {
      out += bytes.toString("latin1", start, end);
    },
    onEnd() {},
  });
  readAll(reader, text);
  return Buffer.from(out, "latin1");
}

function forwardResponses(text: string): Buffer {
  let out = "";
  const reader = new ResponseReader(defaultLimits, {
    onHead(head: ResponseHead) {
      out += forwardAnyResponse(head);
      return "raw";
    },
    onBody(bytes, start, end) {
      out += bytes.toString("latin1", start, end);
    },
    onEnd() {},
  });
  readAll(reader, text);
  return Buffer.from(out, "latin1");
}

function forwardAnyResponse(head: ResponseHead): string {
  if (head.status === 101) return forwardSwitch(head, "websocket", "sluice");
  if (head.isInterim) return forwardInterim(head);
  const date = () => "Thu, 01 Jan 1970 00:00:00 GMT";
  return forwardResponse(head, { delimiting: "as-received", connection: "", client, date, added: "" });
}

function readAll(reader: RequestReader | ResponseReader, text: string): void {
  const bytes = Buffer.from(text, "latin1");
  let at = 0;
  while (at < bytes.length) {
    const stop = reader.read(bytes, at, bytes.length);
    if (stop === at) return;
    at = stop;
  }
}
