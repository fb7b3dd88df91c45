import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { field } from "../../support/message.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

const post = (body: string, type: string): RequestInit => ({
  method: "POST",
  body,
  headers: { "content-type": type },
});

/** A service of XML that tells what it was sent. */
async function service(request: Request): Promise<Response> {
  const type = request.headers.get("content-type") ?? "none";
  const sent = (await request.text()).replaceAll("<", "&lt;").replaceAll('"', "&quot;");
  const body = `<?xml version="1.0"?><told type="${type}">${sent}</told>`;
  return new Response(body, { headers: { "content-type": "text/xml; charset=utf-8", etag: '"a"' } });
}

onEachEngine("clients of JSON talk with a service of XML", async (t, engine) => {
  const config = {
    request: [
      { json: [{ op: "set", path: "/by", value: "gateway" }], convert: { to: "xml", root: "order" } },
    ],
    response: [{ convert: { to: "json" }, json: [{ op: "mask", path: "/told/#text" }] }],
  };
  await using gateway = await testGateway({ plugins: [["transform", config]], upstream: service, engine });
  const response = await gateway.fetch("/", post('{"id":9007199254740993}', "application/json"));
  t.equal(response.headers.get("content-type"), "application/json");
  t.equal(response.headers.get("etag"), 'W/"a"');
  t.equal(await response.text(), '{"told":{"@type":"application/xml","#text":"***"}}');
  const plain = await gateway.fetch("/", post("text", "text/plain"));
  t.equal(plain.status, 200, "a request that is neither passes");
  t.same(gateway.faults, []);
});

onEachEngine("clients of XML talk with a service of JSON", async (t, engine) => {
  const config = {
    request: [{ convert: { to: "json", namespaces: "strip", attributes: "", lists: ["/order/line"] } }],
    response: [{ convert: { to: "xml", root: "answer" } }],
  };
  const upstream = async (request: Request) =>
    Response.json({ type: request.headers.get("content-type"), got: await request.json() });
  await using gateway = await testGateway({ plugins: [["transform", config]], upstream, engine });
  const body = '<o:order xmlns:o="urn:o" v="1"><o:line>a</o:line></o:order>';
  const response = await gateway.fetch("/", post(body, "application/soap+xml"));
  t.equal(response.headers.get("content-type"), "application/xml");
  t.equal(
    await response.text(),
    '<?xml version="1.0" encoding="UTF-8"?><answer><type>application/json</type><got><order><line>a</line></order></got></answer>',
  );
  t.same(gateway.faults, []);
});

onEachEngine("a rule sees the form that the one before it made", async (t, engine) => {
  const request = [
    { convert: { to: "json" } },
    {
      when: { header: { "content-type": "application/json" } },
      json: [{ op: "rename", path: "/a", to: "b" }],
    },
    { convert: { to: "xml" } },
    { convert: { to: "json" }, json: [{ op: "jsonata", expression: '{"c": b}' }] },
  ];
  const upstream = async (request: Request) => new Response(await request.text());
  await using gateway = await testGateway({ plugins: [["transform", { request }]], upstream, engine });
  t.equal(await (await gateway.fetch("/", post("<a>1</a>", "text/xml"))).text(), '{"c":"1"}');
});

onEachEngine("XML that is an attack is refused with 400, and of the service with 502", async (t, engine) => {
  const convert = { to: "json" };
  let answer = "<a/>";
  const upstream = () => new Response(answer, { headers: { "content-type": "application/xml" } });
  const config = { request: [{ convert }], response: [{ convert }] };
  await using gateway = await testGateway({ plugins: [["transform", config]], upstream, engine });
  const status = async (body: string) => (await gateway.fetch("/", post(body, "text/xml"))).status;
  const xxe = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>';
  t.equal(await status("<a/>"), 200);
  t.equal(await status(xxe), 400);
  t.equal(await status("<a>".repeat(60)), 400);
  answer = xxe;
  t.equal(await status("<a/>"), 502);
  t.same(gateway.faults, []);
});

onEachEngine("JSON that XML cannot tell is refused with 422", async (t, engine) => {
  const config = { request: [{ convert: { to: "xml" } }] };
  await using gateway = await testGateway({ plugins: [["transform", config]], engine });
  const status = async (body: string) => (await gateway.fetch("/", post(body, "application/json"))).status;
  t.equal(await status('{"a":1}'), 200);
  t.equal(await status('{"a b":1}'), 422);
  t.equal(await status('{"a":1,"b":2}'), 422);
  t.same(gateway.faults, []);
});

onEachEngine("a conversion that could not be is refused when it is loaded", async (t, engine) => {
  const refused = (convert: object, message: RegExp) =>
    t.rejects(testGateway({ plugins: [["transform", { request: [{ convert }] }]], engine }), { message });
  await refused({}, /to/);
  await refused({ to: "xml", root: "a b" }, /no element can be called/);
  await refused({ to: "json", attributes: "a" }, /must match/);
  await refused({ to: "json", lists: ["a"] }, /JSON Pointer/);
  await refused({ to: "json", lists: ["/**/a"] }, /no \*\*/);
});

t.test("a real exchange is converted", async (t) => {
  const { address } = await startUpstream(t, () => ok("<a><b>1</b></a>", "Content-Type: text/xml"));
  const config = { response: [{ convert: { to: "json" } }] };
  const { ask } = await startBuiltInGateway(t, address, [{ plugin: "transform", config }]);
  const response = await ask(get("/"));
  t.equal(response.body, '{"a":{"b":"1"}}');
  t.equal(field(response, "content-type"), "application/json");
});
