import { createHmac } from "node:crypto";
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { field, readMessage } from "../../support/message.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

/** A service that tells what it was asked. */
const echo = async (request: Request) =>
  Response.json({
    url: request.url.replace("http://localhost", ""),
    headers: Object.fromEntries(request.headers),
    body: await request.text(),
  });

type Told = { url: string; headers: Record<string, string>; body: string };

function post(body: string, headers: Record<string, string> = {}): RequestInit {
  return { method: "POST", body, headers: { "content-type": "application/json", ...headers } };
}

onEachEngine("requests are edited by rule, and other requests are not", async (t, engine) => {
  const config = {
    request: [
      {
        when: { path: "/users/{id}/**", method: ["GET"], header: { "x-version": "2", "x-none": "" } },
        path: "/people/{path.id}",
        headers: {
          remove: ["x-internal-*"],
          rename: { "x-old": "x-new" },
          set: { "x-caller": 'name="{query.name}", at={client.address}' },
          add: { "x-version": "3" },
          append: { "x-seen": "b" },
        },
        query: { remove: ["debug"], rename: { q: "search" }, set: { page: "{query.page|1}" } },
        cookies: { remove: ["tracking"], set: { who: "{header.x-old}" } },
      },
    ],
  };
  await using gateway = await testGateway({ plugins: [["transform", config]], upstream: echo, engine });
  const headers = {
    "x-version": "2",
    "x-internal-a": "1",
    "x-old": "a b",
    "x-seen": "a",
    cookie: "tracking=1; s=a=b",
  };
  const path = "/users/a%2Fb/x?debug=1&q=%41+b&name=n&keep=%7e";
  const told = (await (await gateway.fetch(path, { headers })).json()) as Told;
  t.equal(told.url, "/people/a%2Fb?search=%41+b&name=n&keep=%7e&page=1");
  t.match(told.headers, { "x-caller": 'name="n", at=127.0.0.1', "x-new": "a b", "x-version": "2" });
  t.equal(told.headers["x-seen"], "a, b");
  t.equal(told.headers["cookie"], "s=a=b; who=a%20b");
  t.notOk("x-internal-a" in told.headers || "x-old" in told.headers);
  const other = (await (await gateway.fetch(path)).json()) as Told;
  t.match(other.url, "/users/");
  t.notOk("x-caller" in other.headers);
  t.same(gateway.faults, []);
});

onEachEngine("what a client sends injects nothing", async (t, engine) => {
  const config = {
    request: [
      {
        path: "/v/{query.v|none}",
        headers: {
          set: { "x-quoted": 'u="{query.v}"', "x-mixed": "u={query.v}; r=guest", "x-own": "{query.v}" },
        },
        query: { set: { w: "{query.v}" } },
        cookies: { set: { c: "{query.v}" } },
        json: [{ op: "set", path: "/v", value: "{query.v}" }],
      },
    ],
  };
  await using gateway = await testGateway({ plugins: [["transform", config]], upstream: echo, engine });
  const attack = `a"; r=admin, b\\\r\nx-admin: 1&z=1/../é<>`;
  const sent = await gateway.fetch(`/?v=${encodeURIComponent(attack)}`, post("{}"));
  const told = (await sent.json()) as Told;
  const url = new URL(told.url, "http://a");
  t.equal(url.pathname.split("/").length, 3, "one segment");
  t.equal(url.searchParams.get("w"), attack);
  t.notOk(url.searchParams.has("z"));
  t.notOk("x-admin" in told.headers);
  t.equal(told.headers["x-quoted"], 'u="a\\"; r=admin, b\\\\%0D%0Ax-admin: 1&z=1/../%C3%A9<>"');
  t.match(told.headers["x-mixed"], /^u=[^;,"\s]*; r=guest$/);
  t.match(told.headers["x-own"], /^[\x20-\x7e]+$/);
  t.match(told.headers["cookie"], /^c=[^;,"\s]*$/);
  t.same(JSON.parse(told.body), { v: attack });
  for (const dots of ["..", "."]) t.equal((await gateway.fetch(`/?v=${dots}`)).status, 400, dots);
  t.same(gateway.faults, []);
});

onEachEngine("a client cannot say of itself what nobody knows of it", async (t, engine) => {
  const config = { request: [{ headers: { set: { "x-user": "{identity.subject}" } } }] };
  await using gateway = await testGateway({ plugins: [["transform", config]], upstream: echo, engine });
  const told = (await (await gateway.fetch("/", { headers: { "X-User": "root" } })).json()) as Told;
  t.notOk("x-user" in told.headers);
});

onEachEngine("bodies are edited, and big numbers and __proto__ survive", async (t, engine) => {
  const json = [
    { op: "mask", path: "/**/password" },
    { op: "mask", path: "/cards/*", style: "last4" },
    { op: "mask", path: "/mail", style: "hash" },
    { op: "remove", path: "/__proto__/gone" },
  ];
  const config = { maskKey: "k", response: [{ json }] };
  const body =
    '{"id":9007199254740993,"2":1.0,"1":1e400,"__proto__":{"gone":1,"password":"p"},' +
    '"cards":["4111111111111111","1234"],"mail":"a@b","passw\\u006frd":"q"}';
  let asked: Request | undefined;
  const upstream = (request: Request) => {
    asked = request;
    const headers = {
      "content-type": "application/hal+json; charset=utf-8",
      etag: '"a"',
      "content-md5": "x",
    };
    return new Response(body, { headers });
  };
  await using gateway = await testGateway({ plugins: [["transform", config]], upstream, engine });
  const response = await gateway.fetch("/", { headers: { "accept-encoding": "gzip", range: "bytes=0-9" } });
  const hash = createHmac("sha256", "k").update("a@b").digest("hex");
  const text = await response.text();
  t.equal(
    text,
    `{"id":9007199254740993,"2":1.0,"1":1e400,"__proto__":{"password":"***"},"cards":["***1111","***"],"mail":"${hash}","password":"***"}`,
  );
  t.equal(asked!.headers.get("accept-encoding"), "identity");
  t.notOk(asked!.headers.has("range"), "a part would show what no rule has found");
  t.equal(response.headers.get("etag"), 'W/"a"');
  t.notOk(response.headers.has("content-md5"));
  t.equal(response.headers.get("content-length"), String(text.length));
  t.same(gateway.faults, []);
});

onEachEngine("a body that rules are for and that cannot be read is refused", async (t, engine) => {
  const mask = [{ json: [{ op: "mask", path: "/a" }] }];
  let answer: () => Response = () => Response.json({ a: 1 });
  const upstream = () => answer();
  const config = { request: mask, response: mask };
  await using gateway = await testGateway({ plugins: [["transform", config]], upstream, engine });
  const status = async (init?: RequestInit) => (await gateway.fetch("/", init)).status;
  t.equal(await status(post('{"a":')), 400);
  t.equal(await status(post(`${"[".repeat(40)}${"]".repeat(40)}`)), 400, "too deep");
  t.equal(await status(post("x", { "content-encoding": "gzip" })), 415);
  const utf7 = '{"+AGE-":1}';
  for (const charset of [
    "charset=utf-7",
    "charset=utf-8; charset=utf-7",
    'x="; charset=utf-8"; charset=utf-7',
  ])
    t.equal(await status(post(utf7, { "content-type": `application/json; ${charset}` })), 415, charset);
  t.equal(await status(post('{"a":1}')), 200);
  t.equal(await status(post("")), 200, "no body");
  t.equal((await gateway.fetch("/", { method: "HEAD" })).headers.get("content-length"), null);
  const json = { "content-type": "application/json" };
  answer = () => new Response("x", { headers: { ...json, "content-encoding": "br" } });
  t.equal(await status(), 502, "encoded");
  answer = () => new Response("{", { headers: json });
  t.equal(await status(), 502, "no JSON");
  answer = () => new Response("{}", { status: 206, headers: { ...json, "content-range": "bytes 0-1/9" } });
  t.equal(await status(), 502, "a part");
  answer = () => new Response("{", { headers: { "content-type": "text/plain" } });
  t.equal(await status(), 200, "rules are not for it");
  t.same(gateway.faults, []);
});

onEachEngine("no digest tells of what is taken out where there is no body", async (t, engine) => {
  const fields = { etag: '"a"', "repr-digest": "sha-256=:AA==:", "content-length": "9" };
  const json = { "content-type": "application/json" };
  const upstream = ({ method }: Request) =>
    new Response(null, { status: method === "HEAD" ? 200 : 304, headers: { ...fields, ...json } });
  const config = { response: [{ json: [{ op: "remove", path: "/a" }] }] };
  await using gateway = await testGateway({ plugins: [["transform", config]], upstream, engine });
  for (const method of ["HEAD", "GET"]) {
    const { headers } = await gateway.fetch("/", { method, headers: { "if-none-match": 'W/"a"' } });
    t.equal(headers.get("etag"), 'W/"a"', method);
    t.notOk(headers.has("repr-digest"), method);
    t.notOk(headers.has("content-length"), method);
  }
  t.same(gateway.faults, []);
});

onEachEngine(
  "the deepest body that may be read is read, and two rules edit the same one",
  async (t, engine) => {
    const json = (op: object) => ({ json: [op] });
    const set = json({ op: "set", path: "/0/-", value: 1 });
    const config = { maxDepth: 64, request: [json({ op: "mask", path: "/**/a" }), set] };
    await using gateway = await testGateway({ plugins: [["transform", config]], upstream: echo, engine });
    const told = await gateway.fetch("/", post(`${"[".repeat(63)}{"a":2}${"]".repeat(63)}`));
    t.equal(((await told.json()) as Told).body, `${"[".repeat(63)}{"a":"***"}${"]".repeat(61)},1]]`);
    t.same(gateway.faults, []);
  },
);

onEachEngine("a rule that could not be followed is refused when it is loaded", async (t, engine) => {
  const refused = (rule: object, message: RegExp) =>
    t.rejects(
      testGateway({ plugins: [["transform", { request: [rule] }]], engine }),
      { message },
      JSON.stringify(rule),
    );
  await refused({ headers: { set: { host: "a" } } }, /belongs to the proxy/);
  await refused({ headers: { remove: ["X_Forwarded_For"] } }, /belongs to the proxy/);
  await refused({ headers: { set: { "a b": "a" } } }, /no name of a field/);
  await refused({ headers: { set: { a: "{header.}" } } }, /not known/);
  await refused({ headers: { set: { a: "{" } } }, /brace/);
  await refused({ headers: { set: { a: "b\r\nc: d" } } }, /must match/);
  await refused({ cookies: { set: { "a;b": "c" } } }, /no name of a cookie/);
  await refused({ when: { path: "/**/a" } }, /not at the end/);
  await refused({ json: [{ op: "mask", path: "/a", style: "hash" }] }, /maskKey/);
  await refused({ json: [{ op: "remove", path: "a" }] }, /JSON Pointer/);
});

t.test("a real exchange is edited on both ways", async (t) => {
  const service = await startUpstream(t, ({ startLine }) =>
    ok('{"a":"b"}', "Content-Type: application/json", `X-Got: ${startLine}`),
  );
  const config = {
    request: [{ path: "/new" }],
    response: [{ status: 203, headers: { set: { "x-q": "{query.q}" } }, json: [{ op: "mask", path: "/a" }] }],
  };
  const { ask } = await startBuiltInGateway(t, service.address, [{ plugin: "transform", config }]);
  const response = await ask(get("/?q=1"));
  t.equal(response.status, 203);
  t.equal(response.body, '{"a":"***"}');
  t.equal(field(response, "x-got"), "GET /new?q=1 HTTP/1.1");
  t.equal(field(response, "x-q"), "1");
});

onEachEngine(
  "a body is edited alike, whether it is here at once, comes in parts, or is long",
  async (t, engine) => {
    const config = { request: [{ json: [{ op: "mask", path: "/**/secret" }] }] };
    const service = await startUpstream(t, ({ body }) => ok(body));
    const uses = [{ plugin: "transform", config }];
    const { connect, accepted } = await startBuiltInGateway(t, service.address, uses, { engine });
    const send = async (...parts: string[]) => {
      const client = await connect();
      const length = parts.join("").length;
      const type = "Content-Type: application/json\r\n";
      client.write(`POST / HTTP/1.1\r\nHost: a\r\n${type}Content-Length: ${length}\r\n\r\n${parts[0]}`);
      for (const part of parts.slice(1)) {
        // Those before have arrived.
        while ((accepted.at(-1)?.bytesRead ?? 0) < client.socket.bytesWritten)
          await new Promise((resolve) => setTimeout(resolve, 1));
        client.write(part);
      }
      return (await readMessage(client)).body;
    };
    for (const filler of ["", "x".repeat(100_000)]) {
      const text = `{ "a":"${filler}","b":[{"secret":"s","n":1e400}] }`;
      const edited = text.replace('"s"', '"***"');
      t.equal(await send(text), edited, "at once");
      t.equal(await send(text.slice(0, -30), text.slice(-30)), edited, "in parts");
      const twice = text.replace('"n"', '"secret"');
      const written = edited.replaceAll(" ", "").replace('"***","n":1e400', '"***"');
      t.equal(await send(twice), written, "at once, with a name twice");
      t.equal(await send(twice.slice(0, 9), twice.slice(9)), written, "in parts, with a name twice");
    }
  },
);
