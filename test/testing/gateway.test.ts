import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import t from "tap";
import { type TestEngine, testGateway } from "../../core/testing/index.ts";

const engines: readonly TestEngine[] =
  "Deno" in globalThis ? ["quickjs"] : ["isolated-vm", "quickjs", "inline"];
const tenant = "./plugins/10-tenant.js";
const upstream = (request: Request) => Response.json({ seen: request.headers.get("x-seen") });

for (const engine of engines) {
  t.test(`a plugin sees the request, and the service what the plugin made of it, on ${engine}`, async (t) => {
    await using gateway = await testGateway({ plugins: [[tenant, { header: "x-t" }]], upstream, engine });
    const response = await gateway.fetch("/a", { headers: { "x-t": "acme" } });
    t.equal(response.status, 200);
    t.same(await response.json(), { seen: "acme" });
    t.same(gateway.faults, []);
  });
}

t.test("a plugin is named by a path, a URL, or a text, and paths are relative to the caller", async (t) => {
  const url = new URL(tenant, import.meta.url);
  const source = 'export default { onRequest(request) { request.headers.set("x-seen", "text") } };';
  for (const [plugin, seen] of [
    [tenant, "nobody"],
    [url, "nobody"],
    [url.href, "nobody"],
    [{ plugin: url.pathname, name: "other" }, "nobody"],
    [{ source }, "text"],
  ] as const) {
    await using gateway = await testGateway({ plugins: [plugin], upstream });
    t.same(await (await gateway.fetch("/")).json(), { seen });
  }
  const from = new URL("plugins/x.test.ts", import.meta.url);
  await using gateway = await testGateway({ plugins: ["./10-tenant.js"], from, upstream });
  t.equal((await gateway.fetch("/")).status, 200);
});

t.test("several plugins see a request in their order, one of them twice with two configs", async (t) => {
  const source = `export default {
    config: { type: "object", properties: { mark: { type: "string" } }, required: ["mark"] },
    onRequest(request, ctx) { request.headers.append("x-seen", ctx.config.mark) },
  };`;
  const marked = (name: string, mark: string) => ({ source, name, config: { mark } });
  const plugins = [marked("a", "1"), marked("b", "2"), marked("a", "3")];
  await using gateway = await testGateway({ plugins, upstream });
  t.same(await (await gateway.fetch("/")).json(), { seen: "1, 2, 3" });
  await t.rejects(testGateway({ plugins: [{ source }, { source: `${source}\n` }] }), {
    message: /two plugins with the name plugin/,
  });
});

t.test("what the service throws rejects the fetch that it happened in", async (t) => {
  const upstream = () => {
    throw new Error("not what was expected");
  };
  await using gateway = await testGateway({ plugins: [], upstream });
  await t.rejects(gateway.fetch("/"), { message: "not what was expected" });
});

t.test("a service that answers with what cannot be sent is told", async (t) => {
  const once = new Response("once");
  const texts = () => new Response(new ReadableStream({ start: (it) => it.enqueue("text" as never) }));
  await using gateway = await testGateway({
    plugins: [],
    upstream: (request) => (request.url.endsWith("/once") ? once : texts()),
  });
  t.equal(await (await gateway.fetch("/once")).text(), "once");
  await t.rejects(gateway.fetch("/once"), {
    message: "upstream returned a Response whose body was read before: make one for each request",
  });
  await t.rejects(gateway.fetch("/"), {
    message:
      "Cannot send the body: expected parts of Uint8Array, found string; new TextEncoderStream() makes them of texts",
  });
  const body = new ReadableStream({ start: (it) => it.enqueue("text") });
  await t.rejects(gateway.fetch("/once", { method: "POST", body }), { message: /^Cannot send the body/ });
});

t.test("https: comes over TLS, with the certificate that the test says", async (t) => {
  const source = "export default { onRequest: (request, { client }) => Response.json(client.tls) };";
  const certificate = {
    subject: "CN=billing\nO=Example Inc",
    issuer: "CN=ca",
    subjectAltName: "DNS:billing.internal, URI:spiffe://example/billing",
    serialNumber: "01",
    fingerprint256: "AB:CD",
  };
  for (const clientCertificate of [undefined, certificate]) {
    await using gateway = await testGateway({
      plugins: [{ source }],
      ...(clientCertificate && { clientCertificate }),
    });
    const told = async (url: string) => (await gateway.fetch(url)).json();
    const tls = { protocol: "TLSv1.3", serverName: "shop.test", certificate: clientCertificate ?? null };
    t.equal(await told("http://shop.test/"), null);
    t.same(await told("https://shop.test:8443/"), tls);
    t.same(await told("https://127.0.0.1/"), { ...tls, serverName: null });
    t.same(await told("https://[::1]/"), { ...tls, serverName: null });
  }
});

t.test("what counts for a plugin is said by one of its entries, or by all alike", async (t) => {
  const source = `export default {
    config: { type: "object", properties: { fails: { type: "boolean" } } },
    onRequest(request, { config }) { if (config.fails) throw new Error("no") },
  };`;
  const entry = { source, config: { fails: true } };
  for (const plugins of [
    [
      { source, config: {} },
      { ...entry, onFailure: "open" },
    ],
    [
      { source, config: {}, onFailure: "open", limits: { wall: "3s" } },
      { ...entry, onFailure: "open", limits: { wall: "3s" } },
    ],
  ] as const) {
    await using gateway = await testGateway({ plugins });
    t.equal((await gateway.fetch("/")).status, 200);
  }
  for (const [one, other] of [
    [{ onFailure: "closed" }, { onFailure: "open" }],
    [{ grants: { kv: true } }, { grants: {} }],
    [{ limits: { wall: "3s" } }, { limits: { wall: "4s" } }],
    [{ engine: "inline" }, { engine: "quickjs" }],
  ] as const) {
    const [key] = Object.keys(one);
    await t.rejects(
      testGateway({
        plugins: [
          { ...entry, ...one },
          { source, ...other },
        ],
      }),
      {
        message: `Cannot use the plugin plugin with different ${key}: it has one for all its entries, unless their names differ`,
      },
    );
  }
});

t.test("a service that breaks the connection is one to the gateway, too", async (t) => {
  await using gateway = await testGateway({ plugins: [], upstream: () => Response.error() });
  t.equal((await gateway.fetch("/")).status, 502);
});

t.test("the service may be a real one, and there may be others in other clusters", async (t) => {
  const server = createServer((_request, response) => response.end("real")).listen(0, "127.0.0.1");
  t.teardown(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const source = `export default { onRequest(request, ctx) {
    if (request.url.endsWith("/other")) ctx.upstream.cluster = "other";
  } };`;
  const clusters = { other: () => new Response("other") };
  await using gateway = await testGateway({
    plugins: [{ source }],
    upstream: `http://127.0.0.1:${port}`,
    clusters,
  });
  t.equal(await (await gateway.fetch("/")).text(), "real");
  t.equal(await (await gateway.fetch("/other")).text(), "other");
});

t.test(
  "what plugins logged, counted, kept and did wrong can be seen, and what the access log would say",
  async (t) => {
    const source = `export default {
    capabilities: { kv: true, env: ["NAME"] },
    setup(config, host) { host.log.info("set up", { name: host.env("NAME") }) },
    async onRequest(request, ctx) {
      ctx.metrics.counter("calls", 2);
      ctx.metrics.histogram("size", 7);
      await ctx.kv.set("seen", [await ctx.kv.get("given")]);
      if (request.url.endsWith("/bad"))
        throw new TypeError("bad path");
    },
  };`;
    await using gateway = await testGateway({
      plugins: [{ source, name: "one" }],
      env: { NAME: "n", OTHER: "o" },
      client: "192.0.2.7",
    });
    await gateway.kv.set("given", { a: 1 });
    await t.rejects(gateway.kv.set("given", undefined), {
      message: "Cannot store the value: it has no JSON form",
    });
    await (await gateway.fetch("/good")).text();
    t.equal((await gateway.fetch("/bad")).status, 500);
    t.match(gateway.log, [{ plugin: "one", level: "info", message: "set up", fields: { name: "n" } }]);
    t.equal(gateway.metrics.counter("calls"), 4);
    t.equal(gateway.metrics.counter("calls", "two"), 0);
    t.same(gateway.metrics.histogram("size"), [7, 7]);
    t.same(await gateway.kv.get("seen"), [{ a: 1 }]);
    t.equal(await gateway.kv.get("nothing"), undefined);
    t.match(gateway.faults, [
      { plugin: "one", phase: "onRequest", cause: "throw", message: "TypeError: bad path", at: /one\.ts:9:/ },
    ]);
    t.match(gateway.records, [
      { path: "/good", status: 200, client: "192.0.2.7" },
      { path: "/bad", status: 500, error: "plugin_failed" },
    ]);
  },
);

t.test("plugins are exchanged as a save does it; broken ones change nothing", async (t) => {
  const answering = (text: string) => ({
    source: `export default { onRequest: () => new Response("${text}") };`,
  });
  await using gateway = await testGateway({ plugins: [answering("old")] });
  await gateway.reload([answering("new")]);
  t.equal(await (await gateway.fetch("/")).text(), "new");
  await t.rejects(gateway.reload([{ source: "export default {" }]), { message: /plugin\.ts:1:17: / });
  t.equal(await (await gateway.fetch("/")).text(), "new");
});

t.test("teardown has run when the gateway is closed, and nobody is answered any more", async (t) => {
  const source =
    'let log; export default { setup(c, host) { log = host.log }, teardown() { log.info("end") } };';
  const gateway = await testGateway({ plugins: [{ source }] });
  await gateway.close();
  t.match(gateway.log, [{ message: "end" }]);
  await t.rejects(gateway.fetch("/"), { message: "The gateway is closed" });
});

t.test(
  "what was given to ctx.waitUntil is done when the gateway is closed, unless it has no end",
  async (t) => {
    const source = `export default { onRequest(request, ctx) {
    ctx.waitUntil(new Promise((done) => request.url.endsWith("/never") || setTimeout(done, 50)).then(() => ctx.log.info("work")));
  } };`;
    for (const [path, lines] of [
      ["/", [{ message: "work" }]],
      ["/never", []],
    ] as const) {
      const gateway = await testGateway({ plugins: [{ source }], upstream });
      await gateway.fetch(path);
      const began = performance.now();
      await gateway.close();
      t.ok(performance.now() - began < 2000);
      t.match(gateway.log, lines);
      t.equal(gateway.log.length, lines.length);
    }
  },
);

t.test("a test with a gateway of its own costs under 50 ms, the quickest of twenty", async (t) => {
  const times: number[] = [];
  for (let count = 0; count < 20; count++) {
    const start = performance.now();
    {
      await using gateway = await testGateway({
        plugins: [{ source: "export default { onRequest() { return new Response('here'); } };" }],
      });
      t.equal(await (await gateway.fetch("/")).text(), "here");
    }
    times.push(performance.now() - start);
  }
  const quickest = Math.min(...times);
  t.ok(quickest < 50, `${quickest.toFixed(1)} ms`);
});
