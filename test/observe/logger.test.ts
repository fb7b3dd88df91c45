import t from "tap";
import type { LogConfig } from "../../core/config/model.ts";
import { type AccessRecord, createAccessLog } from "../../core/observe/access-log.ts";
import { createLogger } from "../../core/observe/logger.ts";

function memorySink() {
  const lines: string[] = [];
  return { lines, write: (line: string) => void lines.push(line) };
}

const json: LogConfig = { level: "info", pretty: false };
const pretty: LogConfig = { level: "info", pretty: true };

const record: AccessRecord = {
  requestId: "r1",
  client: "192.0.2.1",
  method: "GET",
  host: "example.com",
  path: "/a",
  protocol: "HTTP/1.1",
  route: "api",
  cluster: "app",
  upstream: "127.0.0.1:3000",
  status: 200,
  bytesIn: 0,
  bytesOut: 12,
  durationMs: 1.25,
  upstreamMs: 1,
  attempts: 1,
  error: null,
};

t.test("createLogger writes one JSON object per line", async (t) => {
  const sink = memorySink();
  createLogger(json, { process: "data" }, sink).warn({ listener: "main" }, "Cannot accept");
  t.equal(sink.lines.length, 1);
  const line = JSON.parse(sink.lines[0] ?? "");
  t.match(line, { level: "warn", process: "data", listener: "main", msg: "Cannot accept" });
});

t.test("createLogger keeps quiet below its level and follows a new one", async (t) => {
  const sink = memorySink();
  const log = createLogger(json, {}, sink);
  log.debug({}, "before");
  log.configure({ ...json, level: "debug" });
  log.debug({}, "after");
  log.configure({ ...json, level: "silent" });
  log.error({}, "silent");
  t.equal(sink.lines.length, 1);
  t.match(sink.lines[0], /"msg":"after"/);
});

for (const config of [json, pretty]) {
  t.test(`a logged value cannot forge a line, pretty: ${config.pretty}`, async (t) => {
    const sink = memorySink();
    const hostile = 'a\r\n{"level":"info"}\u001b[2J\u009b2J\u2028\u202e\\nb\\';
    createLogger(config, {}, sink).info({ path: hostile, [hostile]: 1 }, hostile);
    t.equal(sink.lines.length, 1);
    const line = (sink.lines[0] ?? "").replace(/\n$/, "");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
    t.notMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
  });
}

t.test("pretty lines show the message and the fields", async (t) => {
  const sink = memorySink();
  createLogger(pretty, {}, sink).info({ listener: "main" }, "Listening");
  t.match(sink.lines[0], /INFO.*Listening.*listener.*main/);
});

t.test("pretty lines show the frame of a fault and its calls below it; messages stay in the line", (t) => {
  const sink = memorySink();
  const stack =
    "Error: bad\nline\n    at f (a.ts:3:1)\n    at g (a.ts:9:1)\n[cause]: Error: y\n    at h (a.ts:4:4)";
  const log = createLogger(pretty, { process: "data" }, sink);
  log.error({ plugin: "a", stack, frame: "> 3 | throw\n    | ^" }, "Policy failed");
  log.error({ plugin: "a", fields: { frame: "> 3 | forged", stack } }, "forged");
  const [line, ...below] = sink.lines[0]!.trimEnd().split("\n");
  t.match(line, /Policy failed .*"stack":"Error: bad\\nline\\n\[cause\]: Error: y\\n {4}at h \(a\.ts:4:4\)"/);
  t.same(below, ["    > 3 | throw", "        | ^", "      at f (a.ts:3:1)", "      at g (a.ts:9:1)"]);
  t.equal(sink.lines[1]!.trimEnd().split("\n").length, 1);
  t.end();
});

t.test("the access log holds the record without its query", async (t) => {
  const sink = memorySink();
  createAccessLog(json, sink).write({ ...record, path: "/login?token=secret" });
  const line = JSON.parse(sink.lines[0] ?? "");
  t.match(line, {
    msg: "request",
    path: "/login",
    status: 200,
    upstream: "127.0.0.1:3000",
    durationMs: 1.25,
  });
  t.notMatch(sink.lines[0], "secret");
});

t.test("the access log is written whatever the operator's level is", async (t) => {
  const sink = memorySink();
  createAccessLog({ ...json, level: "error" }, sink).write(record);
  t.equal(sink.lines.length, 1);
});

t.test("an access log line stays within one atomic write to a pipe", async (t) => {
  const sink = memorySink();
  const long = "x".repeat(30_000);
  createAccessLog(json, sink).write({ ...record, path: `/${long}` });
  t.ok((sink.lines[0]?.length ?? 0) < 4096);
});
