import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

const plugin = "validate";
const schema = {
  type: "object",
  required: ["item"],
  properties: {
    item: { type: "string", maxLength: 5, pattern: "^(a+)+$" },
    count: { type: "integer", minimum: 1 },
    inner: { $ref: "#" },
  },
  additionalProperties: false,
};

const post = (body: string | Uint8Array<ArrayBuffer>, type = "application/json", more = {}) => ({
  method: "POST",
  headers: { "content-type": type, ...more },
  body,
});

onEachEngine("every violation is told with its pointers, and no value", async (t, engine) => {
  await using gateway = await testGateway({ plugins: [[plugin, { schema }]], engine });
  t.equal((await gateway.fetch("/", post('{"item":"a"}'))).status, 200);
  t.equal((await gateway.fetch("/")).status, 200, "there is nothing to check");
  const refused = await gateway.fetch("/", post('{"count":0,"secret":"s3cret","inner":{"item":7}}'));
  t.equal(refused.status, 422);
  t.equal(refused.headers.get("content-type"), "application/problem+json");
  const text = await refused.text();
  t.notMatch(text, "s3cret");
  t.same(JSON.parse(text).errors, [
    { pointer: "", message: 'must have "item"', schemaPointer: "#/required" },
    { pointer: "/count", message: "must be at least 1", schemaPointer: "#/properties/count/minimum" },
    { pointer: "/secret", message: "is not allowed", schemaPointer: "#/additionalProperties" },
    { pointer: "/inner/item", message: "must be string", schemaPointer: "#/properties/item/type" },
  ]);
  t.same(gateway.faults, []);
});

onEachEngine("bodies that two readers would read differently are refused", async (t, engine) => {
  await using gateway = await testGateway({ plugins: [[plugin, { schema }]], engine });
  const statusOf = async (...args: Parameters<typeof post>) =>
    (await gateway.fetch("/", post(...args))).status;
  t.equal(await statusOf('{"item":"a","item":"b"}'), 400, "a name twice");
  t.equal(await statusOf('{"item":"a","\\u0069tem":"b"}'), 400, "a name twice, once escaped");
  t.equal(await statusOf(new Uint8Array([0x22, 0xff, 0x22])), 400, "no UTF-8");
  t.equal(await statusOf('{"item":'), 400, "no JSON");
  t.equal(await statusOf("[".repeat(50_000)), 400, "deep and unfinished");
  t.equal(await statusOf("[".repeat(5000) + "]".repeat(5000)), 400, "deep");
  t.equal(await statusOf('{"item":"a"}', "text/plain"), 415, "another type");
  t.equal(await statusOf('{"item":"a"}', "application/json; charset=utf-16"), 415, "another charset");
  for (const more of ["; charset=utf-7", '="; charset=utf-8"; charset=utf-7', '*=x; Charset = "UTF-7"'])
    t.equal(await statusOf('{"item":"a"}', `application/json; charset=utf-8; x${more}`), 415, "two charsets");
  t.equal(await statusOf('{"item":"a"}', "application/json; charset*=utf-7''x"), 415, "a charset for others");
  t.equal(await statusOf('{"item":"a"}', 'application/json; x=y; charset="UTF-8"'), 200);
  t.equal(await statusOf('{"item":"a"}', "application/json", { "content-encoding": "gzip" }), 415, "packed");
  t.equal(await statusOf('{"item":"a"}', "application/vnd.own+json"), 200);
  t.equal(await statusOf(`{"item":"${"a".repeat(40)}!"}`), 422, "too long for its pattern to be tried");
  t.equal(await statusOf('{"item":"a","__proto__":{"count":1}}'), 422, "__proto__ is a name as any other");
  t.equal((await gateway.fetch("/", { method: "POST" })).status, 400, "nothing");
  t.equal(
    (await gateway.fetch("/", { ...post("[]"), method: "DELETE" })).status,
    422,
    "a bare method with a body",
  );
  t.same(gateway.faults, []);
});

onEachEngine("schemas that cannot be used are refused when they are loaded", async (t, engine) => {
  const refused = (config: object, message: RegExp) =>
    t.rejects(testGateway({ plugins: [[plugin, config]], engine }), { message }, JSON.stringify(config));
  const bomb: Record<string, unknown> = { s0: {} };
  for (let step = 1; step < 40; step++) {
    const $ref = `#/$defs/s${step - 1}`;
    bomb[`s${step}`] = { allOf: [{ $ref }, { $ref }] };
  }
  await refused({}, /either schema or openapi/);
  await refused({ schema: { $defs: bomb, $ref: "#/$defs/s39" } }, /applies more than/);
  await refused({ schema: { $ref: "#" } }, /refers to itself without end/);
  await refused({ schema: { $ref: "https://example.com/a.json" } }, /nothing is fetched/);
  await refused({ schema: { type: "strin" } }, /#\/type: must be of/);
  await refused({ schema: { pattern: "(" } }, /regular expression/);
  await refused({ schema: { $schema: "http://json-schema.org/draft-07/schema#" } }, /2020-12/);
  await refused({ openapi: "openapi: 3.0.3" }, /3\.1/);
  await refused({ openapi: "a: [" }, /Cannot use openapi/);
});

onEachEngine("a message on which a schema works too long does not fit", async (t, engine) => {
  const $ref = "#/$defs/x";
  const doubling = {
    $ref,
    $defs: { x: { properties: { a: { allOf: [{ $ref }, { $ref }] } } } },
  };
  await using gateway = await testGateway({
    plugins: [[plugin, { schema: doubling, maxSteps: 5000 }]],
    engine,
  });
  const refused = await gateway.fetch("/", post(`${'{"a":'.repeat(16)}1${"}".repeat(16)}`));
  t.equal(refused.status, 422);
  t.match(await refused.text(), "takes too many steps");
  t.same(gateway.faults, []);
});

onEachEngine("a message that is nested too deeply for the stack does not fit", async (t, engine) => {
  const choices = (depth: number): object =>
    depth === 0 ? { properties: { a: { $ref: "#" } } } : { allOf: [choices(depth - 1)] };
  await using gateway = await testGateway({ plugins: [[plugin, { schema: choices(8) }]], engine });
  const nested = (depth: number) => post(`${'{"a":'.repeat(depth)}{}${"}".repeat(depth)}`);
  t.equal((await gateway.fetch("/", nested(2))).status, 200);
  const refused = await gateway.fetch("/", nested(90));
  t.equal(refused.status, 422);
  t.match(await refused.text(), "nested too deeply");
  t.same(gateway.faults, []);
});

onEachEngine("a message that is nested as usual is checked to its end", async (t, engine) => {
  await using gateway = await testGateway({ plugins: [[plugin, { schema }]], engine });
  const nested = (count: number) =>
    post(`${'{"item":"a","inner":'.repeat(15)}{"item":"a","count":${count}}${"}".repeat(15)}`);
  t.equal((await gateway.fetch("/", nested(1))).status, 200);
  const refused = await gateway.fetch("/", nested(0));
  t.match(await refused.text(), `"pointer":"${"/inner".repeat(15)}/count"`);
  t.same(gateway.faults, []);
});

const openapi = `
openapi: 3.1.0
info: { title: Pets, version: "1" }
servers: [{ url: "https://example.com/v1" }]
paths:
  /pets:
    get:
      parameters:
        - { name: limit, in: query, schema: { type: integer, maximum: 100 } }
        - { name: tag, in: query, schema: { type: array, items: { type: string, maxLength: 3 } } }
        - { name: x-trace, in: header, required: true, schema: { type: string, format: uuid } }
        - { name: session, in: cookie, schema: { type: string, minLength: 4 } }
      responses:
        "200":
          description: all
          content: { application/json: { schema: { type: array } } }
    post:
      requestBody:
        required: true
        content: { application/json: { schema: { $ref: "#/components/schemas/Pet" } } }
      responses: { default: { description: any } }
  /pets/{id}:
    parameters: [{ $ref: "#/components/parameters/Id" }]
    get: { responses: { "2XX": { description: one } } }
components:
  parameters:
    Id: { name: id, in: path, required: true, schema: { type: integer } }
  schemas:
    Pet: { type: object, required: [name], properties: { name: { type: string } } }
`;
const trace = { "x-trace": "5f0c1c5e-7f5b-4c1b-9e0c-0d8a5d2f3b1a" };

onEachEngine("an OpenAPI document in YAML holds parameters, bodies, paths and methods", async (t, engine) => {
  const config = { openapi, unknownPaths: "refuse" };
  await using gateway = await testGateway({ plugins: [[plugin, config]], engine });
  const asked = async (path: string, init = {}) => {
    const response = await gateway.fetch(path, { headers: trace, ...init });
    const text = await response.text();
    return [response.status, ...(response.status === 200 ? [] : JSON.parse(text).errors.map(pointerIn))];
  };
  t.same(await asked("/v1/pets?limit=5&tag=a&tag=b"), [200]);
  t.same(await asked("/v1/pets?limit=500&tag=a&tag=long"), [400, "/query/limit", "/query/tag/1"]);
  t.same(await asked("/v1/pets?limit=five"), [400, "/query/limit"]);
  t.same(await asked("/v1/pets?limit=5&limit=6"), [400, "/query/limit"], "parameter pollution");
  t.same(await asked("/v1/pets", { headers: { cookie: "a=1; session=abc" } }), [
    400,
    "/header/x-trace",
    "/cookie/session",
  ]);
  t.same(await asked("/v1/pets/7"), [200]);
  t.same(await asked("/v1/pets/seven"), [400, "/path/id"]);
  t.same(await asked("/v1/pets", post('{"name":7}')), [422, "/name"]);
  t.same(await asked("/v1/pets", post('{"name":"Rex"}')), [200]);
  t.same(await asked("/v1/cats"), [404, ""]);
  const other = await gateway.fetch("/v1/pets", { method: "DELETE" });
  t.same([other.status, other.headers.get("allow")], [405, "GET, POST"]);
  t.same(gateway.faults, []);
});

const pointerIn = ({ pointer }: { readonly pointer: string }) => pointer;

onEachEngine("an answer that does not fit is not shown, nor why", async (t, engine) => {
  let answer = () => Response.json([]);
  const upstream = () => answer();
  const config = { openapi, responses: true };
  await using gateway = await testGateway({ plugins: [[plugin, config]], upstream, engine });
  const ask = () => gateway.fetch("/v1/pets", { headers: trace });
  t.equal((await ask()).status, 200);
  for (const bad of [
    () => Response.json({ secret: "s3cret" }),
    () => Response.json([], { status: 201 }),
    () => new Response("[]", { headers: { "content-type": "text/html" } }),
    () => new Response("[]", { headers: { "content-type": "application/json", "content-encoding": "gzip" } }),
  ]) {
    answer = bad;
    const response = await ask();
    t.equal(response.status, 502);
    t.notMatch(await response.text(), /s3cret|errors/);
  }
  t.same(gateway.faults, []);
});

onEachEngine("a part of an answer is not taken for an answer that fits", async (t, engine) => {
  const secret = `{"a":{"item":"a"},"secret":1}`;
  const asked: (string | null)[] = [];
  let answer = (): Response => Response.json({ item: "a" });
  const upstream = ({ headers }: Request) => {
    asked.push(headers.get("range"), headers.get("if-range"));
    return answer();
  };
  const any = { description: "any" };
  const json = { "application/json": { schema } };
  const paths = {
    "/json": { get: { responses: { "2XX": { ...any, content: { ...json, "video/*": {} } } } } },
    "/film": { get: { responses: { "2XX": { ...any, content: { "video/mp4": {} } } } } },
    "/any": { get: { responses: { default: any } } },
  };
  const range = { range: "bytes=5-16", "if-range": '"a"' };
  const part = (type: string, body = secret.slice(5, 17)) =>
    new Response(body, { status: 206, headers: { "content-type": type } });
  const document = { openapi: "3.1.0", info: { title: "a", version: "1" }, paths };
  for (const config of [{ schema }, { openapi: document }]) {
    await using gateway = await testGateway({
      plugins: [[plugin, { ...config, responses: true }]],
      upstream,
      engine,
    });
    const ask = async (path: string) => (await gateway.fetch(path, { headers: range })).status;
    answer = () => Response.json({ item: "a" });
    t.equal(await ask("/json"), 200);
    t.same(asked.splice(0), [null, null], "a part could not be looked into");
    answer = () => part("application/json");
    t.equal(await ask("/json"), 502);
    answer = () => part("multipart/byteranges; boundary=x", "--x--");
    t.equal(await ask("/json"), 502);
    asked.length = 0;
    if ("schema" in config) continue;
    answer = () => part("video/mp4");
    for (const path of ["/film", "/any", "/unknown"]) {
      t.equal(await ask(path), 206, "there is nothing to look into");
      t.same(asked.splice(0), ["bytes=5-16", '"a"']);
    }
    t.same(gateway.faults, []);
  }
});

onEachEngine("in report mode everything passes as it came", async (t, engine) => {
  const upstream = async (request: Request) => new Response(await request.text());
  const config = { schema, mode: "report" };
  await using gateway = await testGateway({ plugins: [[plugin, config]], upstream, engine });
  const response = await gateway.fetch("/", post('{ "count": 0 }'));
  t.same([response.status, await response.text()], [200, '{ "count": 0 }']);
  t.match(gateway.log.at(-1), { level: "warn", message: /request does not fit/ });
  t.same(gateway.faults, []);
});

t.test("on a real listener, a refused request does not reach the service", async (t) => {
  let reached = 0;
  const service = await startUpstream(t, () => {
    reached++;
    return ok("here");
  });
  const { ask, counts } = await startBuiltInGateway(t, service.address, [{ plugin, config: { schema } }]);
  const send = (body: string) =>
    ask(
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  t.equal((await send("{}")).status, 422);
  t.equal(reached, 0);
  t.equal((await send('{"item":"a"}')).status, 200);
  t.equal(reached, 1);
  t.ok(counts.includes("counter validate requests_refused 1"), counts.join());
});
