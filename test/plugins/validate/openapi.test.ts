/** Parameters that are lists and objects, parameters of JSON, headers of answers, and documents that are to do harm. */
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { onEachEngine } from "../../support/each-engine.ts";

t.teardown(stopBundler);

const plugin = "validate";

const openapi = `
openapi: 3.1.0
info: { title: Shop, version: "1" }
paths:
  /items:
    get:
      parameters:
        - name: filter
          in: query
          style: deepObject
          explode: true
          schema:
            type: object
            properties: { price: { type: integer, maximum: 100 }, tag: { type: array, items: { enum: [new, old] } } }
            additionalProperties: false
        - name: sort
          in: query
          explode: false
          schema: { type: array, items: { enum: [name, price] }, maxItems: 2 }
        - name: page
          in: query
          schema:
            type: object
            required: [size]
            properties: { size: { type: integer, minimum: 1 }, offset: { type: integer } }
        - name: where
          in: query
          content: { application/json: { schema: { type: object, required: [a] } } }
      responses:
        "200":
          description: all
          headers:
            X-Total: { required: true, schema: { type: integer } }
            X-Note: { schema: { type: string, maxLength: 3 } }
          content: { application/json: { schema: { type: array } } }
  /at/{point}:
    get:
      parameters:
        - { name: point, in: path, required: true, style: matrix, explode: true, schema: { type: object, properties: { x: { type: number }, y: { type: number } }, required: [x, y] } }
      responses: { default: { description: any } }
`;

onEachEngine("lists, objects and JSON in parameters are held to their schemas", async (t, engine) => {
  await using gateway = await testGateway({ plugins: [[plugin, { openapi }]], engine });
  const asked = async (path: string) => {
    const response = await gateway.fetch(path);
    const { status } = response;
    if (status === 200) return [200];
    const { errors } = (await response.json()) as { errors: { pointer: string }[] };
    return [status, ...errors.map(({ pointer }) => pointer)];
  };
  const good = "page=&size=5";
  t.same(
    await asked(`/items?${good}&filter[price]=7&filter[tag]=new&filter[tag]=old&sort=name,price`),
    [200],
  );
  t.same(await asked(`/items?${good}&filter[price]=700&filter[tag]=odd`), [
    400,
    "/query/filter/price",
    "/query/filter/tag/0",
  ]);
  t.same(await asked(`/items?${good}&filter[more]=1`), [400, "/query/filter/more"]);
  t.same(await asked(`/items?${good}&filter[price][x]=1`), [400, "/query/filter"]);
  t.same(await asked(`/items?${good}&sort=name,name,price`), [400, "/query/sort"]);
  t.same(await asked(`/items?${good}&sort=name%2Cprice`), [400, "/query/sort/0"]);
  t.same(await asked("/items?size=0&offset=a"), [400, "/query/page/size", "/query/page/offset"]);
  t.same(await asked("/items?offset=1"), [400, "/query/page"]);
  t.same(await asked(`/items?${good}&where=%7B%22a%22%3A1%7D`), [200]);
  t.same(await asked(`/items?${good}&where=%7B%22b%22%3A1%7D`), [400, "/query/where"]);
  t.same(await asked(`/items?${good}&where=%7B%22a%22%3A1%2C%22a%22%3A2%7D`), [400, "/query/where"], "twice");
  t.same(await asked(`/items?${good}&where=nothing`), [400, "/query/where"]);
  t.same(await asked("/at/;x=1;y=2"), [200]);
  t.same(await asked("/at/;x=1;y=b"), [400, "/path/point/y"]);
  t.same(await asked("/at/;x=1"), [400, "/path/point"]);
  t.same(gateway.faults, []);
});

onEachEngine("headers of answers are held to their schemas", async (t, engine) => {
  let headers: Record<string, string> = { "x-total": "3" };
  await using gateway = await testGateway({
    plugins: [[plugin, { openapi, responses: true }]],
    upstream: () => Response.json([], { headers }),
    engine,
  });
  const ask = async () => (await gateway.fetch("/items?size=1")).status;
  t.equal(await ask(), 200);
  headers = { "x-total": "many" };
  t.equal(await ask(), 502);
  headers = {};
  t.equal(await ask(), 502);
  headers = { "x-total": "1", "x-note": "long" };
  t.equal(await ask(), 502);
  t.match(gateway.log.at(-1), { message: /does not fit/ });
});

onEachEngine("Attack: schemas that never end, or take for ever", async (t, engine) => {
  const load = (schema: object) => testGateway({ plugins: [[plugin, { schema }]], engine });
  const loop = {
    $ref: "#/$defs/a",
    $defs: { a: { $ref: "#/$defs/b" }, b: { allOf: [{ $ref: "#/$defs/a" }] } },
  };
  await t.rejects(load(loop), { message: /schema/ });
  const levels = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`l${i}`, { allOf: Array(10).fill({ $ref: `#/$defs/l${i + 1}` }) }]),
  );
  const bomb = { $ref: "#/$defs/l0", $defs: { ...levels, l20: { type: "string" } } };
  await t.rejects(load(bomb), { message: /schema/ }, "ten to the power of twenty schemas for one value");
  const begun = performance.now();
  await using wide = await load({ enum: Array.from({ length: 20_000 }, (_, i) => `value-${i}`) });
  const ask = (body: string) =>
    wide.fetch("/", { method: "POST", headers: { "content-type": "application/json" }, body });
  t.equal((await ask('"value-19999"')).status, 200);
  t.equal((await ask('"value-x"')).status, 422);
  t.ok(performance.now() - begun < 10_000);
  t.same(wide.faults, []);
});

onEachEngine("Attack: a text on which the engine would go back in a pattern for ever", async (t, engine) => {
  const schema = {
    properties: { a: { pattern: "^(a+)+$" }, b: { pattern: "\\s+$" } },
    patternProperties: { "^(x+x+)+y$": false },
  };
  await using gateway = await testGateway({ plugins: [[plugin, { schema }]], engine });
  const ask = async (body: object) => {
    const headers = { "content-type": "application/json" };
    const response = await gateway.fetch("/", { method: "POST", headers, body: JSON.stringify(body) });
    return response.status;
  };
  const begun = performance.now();
  t.equal(await ask({ a: "a".repeat(2000), b: "x  ", [`${"x".repeat(40)}z`]: 1 }), 200);
  t.equal(await ask({ a: `${"a".repeat(2000)}!` }), 422);
  t.equal(await ask({ b: `${" ".repeat(5000)}x` }), 422);
  t.equal(await ask({ [`${"x".repeat(500)}y`]: 1 }), 422);
  t.ok(performance.now() - begun < 10_000);
  t.same(gateway.faults, []);
});

t.test(
  "Attack: texts that take a pattern too long together do not fit, where nothing else ends it",
  async (t) => {
    const schema = { items: { pattern: "^(a+)+$" } };
    await using gateway = await testGateway({ plugins: [[plugin, { schema }]], engine: "inline" });
    const response = await gateway.fetch("/", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(Array.from({ length: 30 }, () => "a".repeat(30_000))),
    });
    t.equal(response.status, 422);
    t.match(await response.text(), /takes too many steps to check/);
  },
);

onEachEngine("Attack: a pattern that nothing could bound is refused when it is loaded", async (t, engine) => {
  const schema = { pattern: "^(?:(a+)+)\\1$" };
  await t.rejects(testGateway({ plugins: [[plugin, { schema }]], engine }), {
    message: /#\/pattern: must be a regular expression that ends/,
  });
});

onEachEngine(
  "Attack: a path of separators on a template with several parameters in a segment",
  async (t, engine) => {
    const paths = {
      "/{year}-{month}-{day}-{hour}/events": { get: { responses: { 200: { description: "" } } } },
    };
    const document = { openapi: "3.1.0", info: { title: "t", version: "1" }, paths };
    const config = { openapi: document, unknownPaths: "refuse" };
    await using gateway = await testGateway({ plugins: [[plugin, config]], engine });
    const begun = performance.now();
    t.equal((await gateway.fetch(`/${"-".repeat(6000)}/event`)).status, 404);
    t.equal((await gateway.fetch("/2026-11-21-07/events")).status, 200);
    t.ok(performance.now() - begun < 5000);
  },
);

onEachEngine("answers that do not fit a document pass in report mode, and are counted", async (t, engine) => {
  const upstream = () => Response.json([], { headers: { "x-total": "many" } });
  const config = { openapi, responses: true, mode: "report" };
  await using gateway = await testGateway({ plugins: [[plugin, config]], upstream, engine });
  const response = await gateway.fetch("/items?size=1");
  t.same([response.status, await response.text()], [200, "[]"]);
  t.match(gateway.log.at(-1), { level: "warn", message: /response does not fit/ });
  t.equal(gateway.metrics.counter("responses_reported"), 1);
  t.equal((await gateway.fetch("/items?size=0")).status, 200, "neither is the client refused");
  t.equal(gateway.metrics.counter("requests_reported"), 1);
  t.same(gateway.faults, []);
});
