import { createHash } from "node:crypto";
import t from "tap";
import { testGateway } from "../../core/testing/index.ts";

const passing = { source: "export default { onRequest() {}, onResponse() {} };" };
const big = 5_000_000;

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A body in parts, each when it is asked for. */
function inParts(parts: Iterable<Uint8Array<ArrayBuffer>>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const rest = parts[Symbol.iterator]();
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setImmediate(resolve));
      const { done, value } = rest.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

t.test("a long body arrives whole on both ways, at once or in parts", async (t) => {
  const warnings: unknown[] = [];
  const onWarning = (warning: unknown) => void warnings.push(warning);
  process.on("warning", onWarning);
  t.teardown(() => process.off("warning", onWarning));
  const bytes = new Uint8Array(big).map((_, index) => index % 251);
  const parts = Array.from({ length: 50 }, (_, i) => bytes.slice((i * big) / 50, ((i + 1) * big) / 50));
  await using gateway = await testGateway({
    plugins: [passing],
    upstream: ({ body, headers }) =>
      new Response(body, { headers: { "x-framing": headers.get("content-length") ?? "chunked" } }),
  });
  const whole = await gateway.fetch("/", { method: "POST", body: bytes });
  t.equal(whole.headers.get("x-framing"), String(big));
  t.equal(hash(await whole.bytes()), hash(bytes));
  const streamed = await gateway.fetch("/", { method: "POST", body: inParts(parts) });
  t.equal(streamed.headers.get("x-framing"), "chunked");
  t.equal(hash(await streamed.bytes()), hash(bytes));
  t.same(warnings, [], "no listener was left behind");
});

t.test("a response streams: its first part is there before the service has its last", async (t) => {
  const last = Promise.withResolvers<void>();
  const upstream = () => {
    let isFirst = true;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (!isFirst) await last.promise;
        controller.enqueue(new TextEncoder().encode(isFirst ? "first" : "last"));
        if (!isFirst) controller.close();
        isFirst = false;
      },
    });
    return new Response(body);
  };
  await using gateway = await testGateway({ plugins: [passing], upstream });
  const reader = (await gateway.fetch("/")).body!.pipeThrough(new TextDecoderStream()).getReader();
  t.equal((await reader.read()).value, "first");
  last.resolve();
  t.equal((await reader.read()).value, "last");
  t.equal((await reader.read()).done, true);
});

t.test(
  "responses without a body, several cookies and the reason phrase come as they were sent",
  async (t) => {
    const upstream = ({ method, url }: Request) => {
      if (url.endsWith("/empty")) return new Response(null, { status: 204 });
      if (url.endsWith("/same")) return new Response(null, { status: 304, headers: { etag: '"1"' } });
      const response = new Response(method === "HEAD" ? null : "body", {
        status: 201,
        statusText: "Made it",
      });
      response.headers.append("set-cookie", "a=1");
      response.headers.append("set-cookie", "b=2");
      return response;
    };
    await using gateway = await testGateway({ plugins: [passing], upstream });
    t.equal((await gateway.fetch("/empty")).status, 204);
    t.equal((await gateway.fetch("/same")).headers.get("etag"), '"1"');
    t.equal((await gateway.fetch("/", { method: "HEAD" })).status, 201);
    const response = await gateway.fetch("/");
    t.same(response.headers.getSetCookie(), ["a=1", "b=2"]);
    t.equal(response.statusText, "Made it");
    t.equal(response.headers.get("content-length"), "4");
  },
);

t.test("the authority is that of the URL, and https is seen as such", async (t) => {
  const source = "export default { onRequest: (request) => new Response(request.url) };";
  await using gateway = await testGateway({ plugins: [{ source }] });
  for (const [asked, seen] of [
    ["/a?b=1", "http://localhost/a?b=1"],
    ["https://example.com/a", "https://example.com/a"],
    ["http://example.com:8080/", "http://example.com:8080/"],
  ] as const) {
    t.equal(await (await gateway.fetch(asked)).text(), seen);
  }
  const request = new Request("http://example.com/r", { headers: { host: "other.example" } });
  t.equal(await (await gateway.fetch(request)).text(), "http://other.example/r");
});

t.test("redirects are the client's to follow, and codings to undo", async (t) => {
  const upstream = ({ url }: Request) =>
    url.endsWith("/away")
      ? new Response(null, { status: 302, headers: { location: "/" } })
      : new Response("not gzip", { headers: { "content-encoding": "gzip" } });
  await using gateway = await testGateway({ plugins: [passing], upstream });
  t.equal((await gateway.fetch("/away")).headers.get("location"), "/");
  t.equal(await (await gateway.fetch("/")).text(), "not gzip");
});

t.test("a client that goes away is gone for the policy and for the service", async (t) => {
  const asked = Promise.withResolvers<AbortSignal>();
  const source = `export default { onRequest(request, ctx) {
    ctx.signal.addEventListener("abort", () => ctx.log.info("gone"));
  }, onResponse() {} };`;
  await using gateway = await testGateway({
    plugins: [{ source }],
    upstream(request) {
      asked.resolve(request.signal);
      return new Promise(() => {});
    },
  });
  const controller = new AbortController();
  const response = gateway.fetch("/", { signal: controller.signal });
  const signal = await asked.promise;
  controller.abort(new Error("enough"));
  await t.rejects(response, { message: "enough" });
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
  await gateway.clock.advance(0);
  t.match(gateway.log, [{ message: "gone" }]);
  t.match(gateway.records, [{ error: "client_gone" }]);
});

t.test("a body that breaks off at the service breaks off at the client", async (t) => {
  const upstream = ({ url }: Request) => {
    if (url.endsWith("/well")) return new Response("well");
    let parts = 0;
    const body = new ReadableStream({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (parts++ < 2) controller.enqueue(new Uint8Array(10));
        else controller.error(new Error("broken"));
      },
    });
    return new Response(body);
  };
  await using gateway = await testGateway({ plugins: [], upstream });
  await t.rejects(async () => (await gateway.fetch("/")).bytes());
  t.equal(await (await gateway.fetch("/well")).text(), "well");
});

t.test("a policy that never answers ends by its wall time, and the test waits for that", async (t) => {
  const source = "export default { onRequest: () => new Promise(() => {}) };";
  await using gateway = await testGateway({ plugins: [{ source, limits: { wall: "100ms" } }] });
  t.equal((await gateway.fetch("/")).status, 500);
});

t.test("two hundred requests at once get their own answers", async (t) => {
  const upstream = async (request: Request) =>
    new Response(`${new URL(request.url).pathname} ${await request.text()}`);
  await using gateway = await testGateway({ plugins: [passing], upstream });
  const ask = async (number: number) => {
    const response = await gateway.fetch(`/${number}`, { method: "POST", body: `body ${number}` });
    return response.text();
  };
  const answers = await Promise.all(Array.from({ length: 200 }, (_, number) => ask(number)));
  t.same(
    answers,
    answers.map((_, number) => `/${number} body ${number}`),
  );
});
