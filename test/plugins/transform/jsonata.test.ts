import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

const jsonata = (expression: string) => ({ json: [{ op: "jsonata", expression }] });
const post = (body: string): RequestInit => ({
  method: "POST",
  body,
  headers: { "content-type": "application/json" },
});

onEachEngine("an expression makes another body of a request and of its response", async (t, engine) => {
  const config = {
    request: [jsonata('{"ids": items.id, "by": $source("header.x-user")}')],
    response: [jsonata('{"count": $count(ids), "asked": $source("request-header.x-user")}')],
  };
  const bodies: string[] = [];
  const upstream = async (request: Request) => {
    bodies.push(await request.text());
    return Response.json(JSON.parse(bodies.at(-1)!));
  };
  await using gateway = await testGateway({ plugins: [["transform", config]], upstream, engine });
  const init = {
    ...post('{"items":[{"id":1},{"id":2}]}'),
    headers: { "content-type": "application/json", "x-user": "u" },
  };
  const response = await gateway.fetch("/", init);
  t.equal(bodies[0], '{"ids":[1,2],"by":"u"}');
  t.equal(await response.text(), '{"count":2,"asked":"u"}');
  t.same(gateway.faults, []);
});

onEachEngine("edits before and behind an expression see what it sees and makes", async (t, engine) => {
  const json = [
    { op: "remove", path: "/a" },
    { op: "jsonata", expression: '{"seen": $keys($)}' },
    { op: "set", path: "/then", value: true },
  ];
  const upstream = async (request: Request) => new Response(await request.text());
  const plugins: [string, unknown][] = [["transform", { request: [{ json }] }]];
  await using gateway = await testGateway({ plugins, upstream, engine });
  t.equal(
    await (await gateway.fetch("/", post('{"a":1,"b":2,"c":3}'))).text(),
    '{"seen":["b","c"],"then":true}',
  );
});

onEachEngine(
  "a body that an expression makes nothing of is refused, and the log says where",
  async (t, engine) => {
    let answer = '{"n":1}';
    const upstream = () => new Response(answer, { headers: { "content-type": "application/json" } });
    const config = { maxResult: 1000, request: [jsonata('$pad("a", n)')], response: [jsonata("n + 1")] };
    await using gateway = await testGateway({ plugins: [["transform", config]], upstream, engine });
    const status = async (body: string) => (await gateway.fetch("/", post(body))).status;
    t.equal(await status('{"n":3}'), 200);
    t.equal(await status('{"n":"secret"}'), 422);
    t.equal(await status('{"n":100000}'), 413, "more than maxResult");
    t.equal(await status('{"n":1000000000}'), 413, "more than can be made");
    answer = '{"n":"secret"}';
    t.equal(await status('{"n":3}'), 502);
    const messages = gateway.log.map(({ message }) => message);
    t.ok(
      messages.includes("A body was not transformed: the expression failed with T2001 at character 3"),
      messages.join("\n"),
    );
    t.notMatch(JSON.stringify(gateway.log), /secret/);
    t.same(gateway.faults, []);
  },
);

onEachEngine("an expression that could not run is refused when it is loaded", async (t, engine) => {
  const refused = (edit: object, message: RegExp) =>
    t.rejects(testGateway({ plugins: [["transform", { request: [{ json: [edit] }] }]], engine }), {
      message,
    });
  await refused({ op: "jsonata" }, /it has no expression/);
  await refused({ op: "jsonata", expression: "(\n  items[)" }, /line 2, column/);
  await refused({ op: "jsonata", expression: "$eval(a)" }, /would run what a document says/);
});

onEachEngine(
  "a body of which an expression finds nothing is null, and null is a document",
  async (t, engine) => {
    const upstream = async (request: Request) => new Response(await request.text());
    const plugins: [string, unknown][] = [["transform", { request: [jsonata("a"), jsonata("$ = null")] }]];
    await using gateway = await testGateway({ plugins, upstream, engine });
    t.equal(await (await gateway.fetch("/", post("{}"))).text(), "true");
    t.equal(await (await gateway.fetch("/", post('{"a":1}'))).text(), "false");
  },
);

t.test("a real exchange is transformed by an expression", async (t) => {
  const service = await startUpstream(t, () => ok('{"a":{"b":[1,2]}}', "Content-Type: application/json"));
  const config = { response: [jsonata("$sum(a.b)")] };
  const { ask } = await startBuiltInGateway(t, service.address, [{ plugin: "transform", config }]);
  t.equal((await ask(get("/"))).body, "3");
});
