import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

const config = { schema: { type: "array" }, responses: true, mode: "report" };
const json = { "content-type": "application/json" };
const inParts = (...parts: string[]) =>
  ReadableStream.from(parts.map((part) => new TextEncoder().encode(part)));
const post = (body: unknown): RequestInit =>
  ({ method: "POST", headers: json, body, duplex: "half" }) as unknown as RequestInit;

onEachEngine(
  "in report mode bodies in parts pass as they come, and are told when they are whole",
  async (t, engine) => {
    const upstream = async (request: Request) =>
      new Response(inParts("{", await request.text(), "}"), { headers: json });
    await using gateway = await testGateway({ plugins: [["validate", config]], upstream, engine });
    const response = await gateway.fetch("/", post(inParts('"a"', ": ", "1")));
    t.same([response.status, await response.text()], [200, '{"a": 1}']);
    t.equal(gateway.metrics.counter("requests_reported"), 1, "what is no JSON");
    t.equal(gateway.metrics.counter("responses_reported"), 1, "what is no list");
    t.same(gateway.faults, []);
  },
);

onEachEngine("in report mode what is too long to collect passes, and is counted", async (t, engine) => {
  const long = JSON.stringify("x".repeat(3_000_000));
  const upstream = async (request: Request) =>
    new Response((await request.text()) || long, { headers: json });
  await using gateway = await testGateway({ plugins: [["validate", config]], upstream, engine });
  const sent = await gateway.fetch("/", post(long));
  t.same([sent.status, (await sent.text()).length], [200, long.length]);
  t.same(
    ["requests_unchecked", "responses_unchecked", "requests_reported"].map((name) =>
      gateway.metrics.counter(name),
    ),
    [1, 1, 0],
  );
  t.same(gateway.faults, []);
});

onEachEngine("in report mode an empty body is told, and one that fits is not", async (t, engine) => {
  await using gateway = await testGateway({
    plugins: [["validate", config]],
    upstream: () => Response.json([]),
    engine,
  });
  t.equal((await gateway.fetch("/", { method: "POST" })).status, 200);
  t.equal(gateway.metrics.counter("requests_reported"), 1);
  t.equal((await gateway.fetch("/", post(inParts("[", "1]")))).status, 200);
  t.equal(gateway.metrics.counter("requests_reported"), 1);
  t.equal(gateway.metrics.counter("responses_reported"), 0);
  t.same(gateway.faults, []);
});

t.test("on a real listener a request in chunks passes in report mode, and is told", async (t) => {
  const service = await startUpstream(t, () => ok("[]", "Content-Type: application/json"));
  const { ask, log } = await startBuiltInGateway(t, service.address, [{ plugin: "validate", config }]);
  const chunks = ["{}", "x".repeat(10)].map((each) => `${each.length.toString(16)}\r\n${each}\r\n`).join("");
  const head =
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
  t.equal((await ask(`${head}${chunks}0\r\n\r\n`)).status, 200);
  t.ok(log.entries.some(({ level }) => level === "warn"));
});
