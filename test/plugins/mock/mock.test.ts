import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { field } from "../../support/message.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

const upstream = () => new Response("the service");

const petSchema = {
  type: "object",
  required: ["id", "name"],
  properties: { id: { type: "integer", minimum: 1 }, name: { type: "string" } },
};

const openapi = {
  openapi: "3.1.0",
  servers: [{ url: "https://example.com/api" }],
  paths: {
    "/pets/{id}": {
      get: {
        responses: {
          "200": {
            headers: { "X-Rate": { schema: { const: 7 } }, "Content-Length": { example: "9" } },
            content: {
              "application/json": {
                schema: { $ref: "#/components/schemas/Pet" },
                examples: {
                  cat: { value: { id: 1, name: "Tom" } },
                  dog: { $ref: "#/components/examples/dog" },
                },
              },
              "text/plain": { example: "Tom" },
            },
          },
          "4XX": { content: { "application/problem+json": { example: { title: "no" } } } },
          "204": { description: "nothing" },
        },
      },
    },
    "/pets": {
      get: {
        responses: {
          default: { content: { "application/json": { schema: { type: "array", items: petSchema } } } },
        },
      },
    },
  },
  components: { schemas: { Pet: petSchema }, examples: { dog: { value: { id: 2, name: "Rex" } } } },
};

onEachEngine("the first response that is for a request answers it, and others go on", async (t, engine) => {
  const responses = [
    {
      name: "made",
      when: { method: ["POST"], path: "/users" },
      status: 201,
      headers: { location: "/users/7" },
    },
    {
      name: "one",
      when: { path: "/users/{id}", header: { "x-v": "2" }, query: { full: "*" } },
      json: { id: 7 },
    },
    { name: "text", when: { path: "/users/**" }, body: "users" },
  ];
  await using gateway = await testGateway({ plugins: [["mock", { responses }]], upstream, engine });
  const made = await gateway.fetch("/users", { method: "POST", body: "x" });
  t.equal(made.status, 201);
  t.equal(made.headers.get("location"), "/users/7");
  t.equal(made.headers.get("x-mock"), "made");
  const one = await gateway.fetch("/users/7?full=1", { headers: { "x-v": "2" } });
  t.same(await one.json(), { id: 7 });
  t.equal(one.headers.get("content-type"), "application/json");
  const text = await gateway.fetch("/users/7?full=1");
  t.equal(await text.text(), "users");
  t.equal(text.headers.get("content-type"), "text/plain; charset=utf-8");
  const other = await gateway.fetch("/orders");
  t.equal(await other.text(), "the service");
  t.equal(other.headers.get("x-mock"), null);
  t.same(gateway.faults, []);
});

onEachEngine("nothing goes on where unknown requests are refused", async (t, engine) => {
  const config = { unknown: "refuse", marker: "", responses: [{ when: { path: "/a" } }] };
  await using gateway = await testGateway({ plugins: [["mock", config]], upstream, engine });
  t.equal((await gateway.fetch("/a")).status, 200);
  const refused = await gateway.fetch("/b");
  t.equal(refused.status, 404);
  t.equal(refused.headers.get("content-type"), "application/problem+json");
  t.equal(refused.headers.get("x-mock"), null, "no marker was wanted");
});

onEachEngine("none and all of the requests are 0 and 100 percent", async (t, engine) => {
  const responses = [
    { when: { percentage: 0 }, body: "never" },
    { when: { percentage: 100 }, body: "always" },
  ];
  await using gateway = await testGateway({ plugins: [["mock", { responses }]], upstream, engine });
  for (let turn = 0; turn < 20; turn++) t.equal(await (await gateway.fetch("/")).text(), "always");
});

onEachEngine(
  "an operation answers with its examples, of the media type that is accepted",
  async (t, engine) => {
    await using gateway = await testGateway({ plugins: [["mock", { openapi }]], upstream, engine });
    const first = await gateway.fetch("/api/pets/7");
    t.same(await first.json(), { id: 1, name: "Tom" });
    t.equal(first.headers.get("x-mock"), "cat");
    t.equal(first.headers.get("x-rate"), "7");
    const plain = await gateway.fetch("/api/pets/7", { headers: { accept: "application/json;q=0, text/*" } });
    t.equal(await plain.text(), "Tom");
    t.equal(plain.headers.get("content-type"), "text/plain");
    t.equal((await gateway.fetch("/api/pets/7", { headers: { accept: "image/png" } })).status, 406);
    t.equal(await (await gateway.fetch("/pets/7")).text(), "the service", "outside of its servers");
    t.equal(await (await gateway.fetch("/api/pets/7", { method: "DELETE" })).text(), "the service");
    const head = await gateway.fetch("/api/pets/7", { method: "HEAD" });
    t.equal(head.headers.get("x-mock"), "cat");
    t.equal(await head.text(), "");
    t.same(gateway.faults, []);
  },
);

onEachEngine("a client chooses the status and the example with Prefer", async (t, engine) => {
  const responses = [
    { name: "busy", when: { path: "/busy" }, status: 503 },
    { name: "fine", when: { path: "/busy" }, status: 200 },
  ];
  await using gateway = await testGateway({ plugins: [["mock", { openapi, responses }]], upstream, engine });
  const ask = (path: string, prefer: string) => gateway.fetch(path, { headers: { prefer } });
  const dog = await ask("/api/pets/7", "example=dog");
  t.same(await dog.json(), { id: 2, name: "Rex" });
  t.equal(dog.headers.get("preference-applied"), 'example="dog"');
  const missing = await ask("/api/pets/7", "code=404");
  t.equal(missing.status, 404);
  t.same(await missing.json(), { title: "no" });
  t.equal(missing.headers.get("preference-applied"), "code=404");
  t.equal((await ask("/api/pets/7", "code=204")).status, 204);
  const made = await ask("/api/pets/7", "dynamic=true");
  t.equal(made.headers.get("x-mock"), "schema");
  t.equal((await ask("/api/pets/7", "example=bird")).status, 406);
  t.equal((await ask("/api/pets/7", "code=500")).status, 406);
  t.equal((await ask("/busy", "code=200")).headers.get("x-mock"), "fine");
  t.equal((await ask("/busy", "example=fine")).headers.get("x-mock"), "fine");
  t.equal((await ask("/busy", "code=404")).status, 406);
  t.same(gateway.faults, []);
});

onEachEngine("Prefer is nothing to a mock that does not listen", async (t, engine) => {
  await using gateway = await testGateway({
    plugins: [["mock", { openapi, prefer: false }]],
    upstream,
    engine,
  });
  const response = await gateway.fetch("/api/pets/7", { headers: { prefer: "code=404" } });
  t.equal(response.status, 200);
  t.equal(response.headers.get("preference-applied"), null);
});

onEachEngine("what is made of a schema is the same for the same path and seed", async (t, engine) => {
  const list = async (seed: string, path: string) => {
    await using gateway = await testGateway({ plugins: [["mock", { openapi, seed }]], upstream, engine });
    return (await gateway.fetch(path)).text();
  };
  const first = await list("a", "/api/pets?page=1");
  t.match(JSON.parse(first), [{ id: Number, name: String }]);
  t.equal(await list("a", "/api/pets?page=1"), first);
  t.not(await list("a", "/api/pets?page=2"), first);
  t.not(await list("b", "/api/pets?page=1"), first);
});

onEachEngine("an answer takes as long as it is told to", async (t, engine) => {
  const responses = [
    { when: { path: "/slow" }, delay: 150 },
    { when: { path: "/fast" }, delay: 0 },
  ];
  await using gateway = await testGateway({
    plugins: [["mock", { responses, delay: 2000 }]],
    upstream,
    engine,
  });
  const taken = async (path: string) => {
    const begun = performance.now();
    await gateway.fetch(path);
    return performance.now() - begun;
  };
  const slow = await taken("/slow");
  t.ok(slow >= 140 && slow < 2000, `${slow} ms`);
  t.ok((await taken("/fast")) < 1900);
});

onEachEngine("a config that could not answer is refused when it is loaded", async (t, engine) => {
  const refused = (config: object, message: RegExp) =>
    t.rejects(
      testGateway({ plugins: [["mock", config]], engine }),
      { message },
      JSON.stringify(config).slice(0, 80),
    );
  const operation = (responses: object) => ({
    openapi: { openapi: "3.1.0", paths: { "/a": { get: { responses } } } },
  });
  await refused({}, /expected responses, openapi or both/);
  await refused({ responses: [{ body: "a", json: 1 }] }, /responses.0: body, json and schema/);
  await refused(
    { responses: [{}, { status: 204, body: "a" }] },
    /responses.1: a response with 204 has no body/,
  );
  await refused({ responses: [{ headers: { "content-length": "1" } }] }, /cannot be set/);
  await refused({ responses: [{ when: { path: "a" } }] }, /begin with \//);
  await refused({ responses: [{ schema: false }] }, /nothing fits/);
  await refused({ responses: [{ delay: 60_000 }] }, /4000/);
  await refused({ openapi: "{" }, /openapi/);
  await refused({ openapi: { openapi: "3.0.0" } }, /expected openapi: 3.1/);
  const endless = { type: "array", minItems: 1_000_000_000 };
  await refused(
    operation({ 200: { content: { "application/json": { schema: endless } } } }),
    /#\/paths\/~1a\/get\/responses\/200\/content.*more than 5000/,
  );
  await refused(operation({ 200: { $ref: "https://example.com/x" } }), /nothing is fetched/);
  await refused(operation({ 200: { content: { "a\r\nb": {} } } }), /no media type/);
});

onEachEngine(
  "attack: a client prefers statuses that have no body, so that the policy fails for all",
  async (t, engine) => {
    const content = { "application/json": { example: { a: 1 } } };
    const responses = { default: { description: "", content }, "205": { description: "", content } };
    const openapi = { openapi: "3.1.0", paths: { "/a": { get: { responses } } } };
    await using gateway = await testGateway({ plugins: [["mock", { openapi }]], engine });
    for (const status of [204, 205, 304]) {
      const response = await gateway.fetch("/a", { headers: { prefer: `code=${status}` } });
      t.equal(response.status, status);
      t.equal(await response.text(), "");
    }
    t.equal(await (await gateway.fetch("/a", { headers: { prefer: "code=418" } })).text(), '{"a":1}');
    t.same(gateway.faults, []);
  },
);

t.test("injection: names of examples and values of a document begin no field", async (t) => {
  const examples = { 'é"\r\nx-evil: 1': { value: 1 } };
  const headers = { "x-a": { example: "1\r\nx-evil: 1" } };
  const paths = {
    "/": { get: { responses: { 200: { headers, content: { "application/json": { examples } } } } } },
  };
  await using gateway = await testGateway({
    plugins: [["mock", { openapi: { openapi: "3.1.0", paths } }]],
    upstream,
  });
  const response = await gateway.fetch("/");
  t.equal(response.headers.get("x-mock"), "????x-evil: 1");
  t.equal(response.headers.get("x-evil"), null);
  t.equal(response.headers.get("x-a"), null);
});

t.test("a real client is answered, and the service is not asked", async (t) => {
  let asked = 0;
  const service = await startUpstream(t, () => {
    asked++;
    return ok("the service");
  });
  const config = { responses: [{ name: "one", json: { a: 1 } }] };
  const { ask } = await startBuiltInGateway(t, service.address, [{ plugin: "mock", config }]);
  const response = await ask(get("/"));
  t.equal(response.body, '{"a":1}');
  t.equal(field(response, "x-mock"), "one");
  t.equal(asked, 0);
});
