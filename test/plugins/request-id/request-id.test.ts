import t, { type Test } from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { formats } from "../../../plugins/request-id/formats.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { field, fieldNames } from "../../support/message.ts";
import { ok } from "../../support/raw-upstream.ts";
import { startCounting } from "../../upstream/endpoints.ts";

t.teardown(stopBundler);

const everybody = ["0.0.0.0/0", "::/0"];

/** A real listener, and a service that tells which ids it got. */
async function start(t: Test, config: object = {}, settings: object = {}, answer = ok("here")) {
  const service = await startCounting(t, () => answer);
  const gateway = await startBuiltInGateway(
    t,
    service.address,
    [{ plugin: "request-id", config }],
    settings as never,
  );
  const ask = async (...fields: string[]) => {
    const response = await gateway.ask(get("/", ...fields));
    const seen = service.requests.at(-1)!;
    const record = await gateway.record(service.requests.length);
    return {
      service: field(seen, "x-request-id"),
      client: field(response, "x-request-id"),
      log: record.requestId,
      seen,
      response,
    };
  };
  return { ...gateway, service, ask };
}

onEachEngine(
  "a request has one id of the form: for the service, the client and the log",
  async (t, engine) => {
    for (const format of ["uuid-v4", "uuid-v7", "ulid", "hex", "trace"] as const) {
      const { ask } = await start(t, { format }, { engine });
      const ids = await ask();
      t.match(ids.service, formats[format].pattern, format);
      t.same([ids.client, ids.log], [ids.service, ids.service]);
      t.not((await ask()).service, ids.service);
    }
  },
);

t.test("Attack: a stranger names the id of another request", async (t) => {
  const { ask } = await start(t);
  const { service, client, log } = await ask("X-Request-Id: somebody-elses");
  t.match(service, formats["uuid-v7"].pattern);
  t.same([client, log], [service, service]);
});

t.test("the id of a client that is believed is kept", async (t) => {
  const { ask } = await start(t, { trust: everybody });
  const { service, client, log } = await ask("X-Request-Id: theirs-1");
  t.same([service, client, log], ["theirs-1", "theirs-1", "theirs-1"]);
});

t.test(
  "the id of a proxy that sluice.yaml trusts is kept, that of its clients is not asked for twice",
  async (t) => {
    const { ask } = await start(t, {}, { forwarding: { trustedProxies: ["127.0.0.0/8"] } });
    t.equal((await ask("X-Request-Id: theirs-1")).service, "theirs-1");
    t.match((await ask("X-Request-Id: =cmd")).service, formats["uuid-v7"].pattern, "it is not plain");
  },
);

onEachEngine("Attack: an id that is to write its own lines into logs", async (t, engine) => {
  const { ask } = await start(t, { trust: everybody }, { engine });
  for (const id of [
    'a","level":"fatal',
    "a b",
    "=1+1",
    "x".repeat(65),
    "\u00e9",
    "$(id)",
    "a%0ab",
    "a\tb",
    "",
  ]) {
    const { service, client, log } = await ask(`X-Request-Id: ${id}`);
    t.match(service, formats["uuid-v7"].pattern, JSON.stringify(id));
    t.same([client, log], [service, service]);
  }
});

t.test("Attack: two ids, of which the service may take the other one", async (t) => {
  const { ask } = await start(t, { trust: everybody });
  const { service, seen } = await ask("X-Request-Id: one", "X-Request-Id: two");
  t.match(service, formats["uuid-v7"].pattern);
  t.equal(fieldNames(seen).filter((name) => name === "x-request-id").length, 1);
});

t.test("only ids of the format are kept if the config says so, and none that are too long", async (t) => {
  const { ask } = await start(t, { trust: everybody, accept: "format", format: "ulid", maxLength: 40 });
  t.match((await ask("X-Request-Id: theirs-1")).service, formats.ulid.pattern);
  t.equal((await ask("X-Request-Id: 01ARZ3NDEKTSV4RRFFQ69G5FAV")).service, "01ARZ3NDEKTSV4RRFFQ69G5FAV");
  const short = await start(t, { trust: everybody, maxLength: 8 });
  t.equal((await short.ask("X-Request-Id: 12345678")).service, "12345678");
  t.match((await short.ask("X-Request-Id: 123456789")).service, formats["uuid-v7"].pattern);
});

t.test("the trace id is that of a traceparent that is believed", async (t) => {
  const id = "0af7651916cd43dd8448eb211c80319c";
  const line = `traceparent: 00-${id}-b7ad6b7169203331-01`;
  const believing = await start(t, { format: "trace", trust: everybody });
  t.equal((await believing.ask(line)).log, id);
  const { ask } = await start(t, { format: "trace" });
  t.not((await ask(line)).log, id);
});

onEachEngine("another field may have the id, and X-Request-Id has it too", async (t, engine) => {
  const { ask } = await start(t, { header: "x-correlation-id", trust: everybody }, { engine });
  const own = await ask("X-Correlation-Id: c-1");
  t.same([own.service, own.log, field(own.seen, "x-correlation-id")], ["c-1", "c-1", "c-1"]);
  t.equal(field(own.response, "x-correlation-id"), "c-1");
  t.equal(own.client, null);
  const made = await ask("X-Correlation-Id: a, b");
  t.match(field(made.seen, "x-correlation-id"), formats["uuid-v7"].pattern);
  t.equal(fieldNames(made.seen).filter((name) => name === "x-correlation-id").length, 1);
});

t.test("the client is not told if it is not to be", async (t) => {
  const { ask } = await start(t, { toClient: false });
  t.equal((await ask()).client, null);
});

t.test("what the service says of the id does not reach the client beside it", async (t) => {
  const said = "HTTP/1.1 200 OK\r\nx-REQUEST-id: other\r\nContent-Length: 0\r\n\r\n";
  const { ask } = await start(t, {}, {}, said);
  const { client, service, response } = await ask();
  t.equal(client, service);
  t.equal(fieldNames(response).filter((name) => name === "x-request-id").length, 1);
});

onEachEngine("policies behind it, their answers and the proxy's own have the id", async (t, engine) => {
  const seen: string[] = [];
  await using gateway = await testGateway({
    plugins: [
      ["request-id", { format: "hex" }],
      {
        name: "own",
        source: `export default { onRequest(request, ctx) {
          ctx.log.info(ctx.requestId);
          if (request.url.endsWith("/own")) return new Response("own");
        } };`,
      },
    ],
    upstream: () => Response.error(),
    engine,
  });
  const own = await gateway.fetch("/own");
  const failed = await gateway.fetch("/fails", { method: "POST" });
  seen.push(own.headers.get("x-request-id")!, failed.headers.get("x-request-id")!);
  t.same(
    gateway.log.map(({ message }) => message),
    seen,
  );
  t.match(seen[0], formats.hex.pattern);
  t.equal(((await failed.json()) as { requestId: string }).requestId, seen[1]);
  t.same(
    gateway.records.map(({ requestId }) => requestId),
    seen,
  );
});

t.test(
  "a field with another meaning, and what is no address, are refused when they are loaded",
  async (t) => {
    const load = (config: object) => testGateway({ plugins: [["request-id", config]] });
    for (const header of ["host", "cookie", "x-forwarded-for", "content-length", "traceparent"])
      await t.rejects(load({ header }), { message: /has another meaning/ }, header);
    await t.rejects(load({ trust: ["10.0.0.0/33"] }), { message: /10\.0\.0\.0/ });
    await t.rejects(load({ header: "x y" }), { message: /header must match/ });
  },
);
