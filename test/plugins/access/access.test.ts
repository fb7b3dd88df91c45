import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

const plugin = "access";
const upstream = () => new Response("here");

/** Says who sent a request, as a policy for tokens does. */
const login = `
import { definePlugin } from "sluice/sdk";
export default definePlugin({
  capabilities: { identity: true },
  onRequest(request, ctx) {
    const text = request.headers.get("x-identity");
    if (text !== null) ctx.identity = { subject: "ada", method: "test", claims: {}, scopes: [], groups: [], ...JSON.parse(text) };
  },
});
`;

onEachEngine(
  "a list of addresses refuses or lets pass, and its text may come from a file",
  async (t, engine) => {
    const config = { deny: [{ addresses: "# bad\n192.0.2.0/24 # all of it\n\n2001:db8::/32\n" }] };
    for (const [client, status] of [
      ["192.0.2.9", 403],
      ["::ffff:192.0.2.9", 403],
      ["2001:db8::1", 403],
      ["198.51.100.1", 200],
      ["2001:db9::1", 200],
    ] as const) {
      await using gateway = await testGateway({ plugins: [[plugin, config]], upstream, engine, client });
      t.equal((await gateway.fetch("/")).status, status, client);
      t.same(gateway.faults, []);
    }
  },
);

onEachEngine(
  "deny goes before allow, and what no rule names is refused where there is an allow rule",
  async (t, engine) => {
    const config = {
      deny: [{ name: "no deletes", methods: ["DELETE"] }],
      allow: [{ headers: { "x-key": ["a", "b"] } }],
      showRule: true,
    };
    await using gateway = await testGateway({ plugins: [[plugin, config]], upstream, engine });
    const ask = async (method: string, headers: Record<string, string> = {}) =>
      gateway.fetch("/", { method, headers });
    t.equal((await ask("GET", { "x-key": "b" })).status, 200);
    t.equal((await ask("GET", { "x-key": "c" })).status, 403);
    const refused = await ask("DELETE", { "x-key": "a" });
    t.equal(refused.status, 403);
    t.equal(refused.headers.get("content-type"), "application/problem+json");
    t.match(await refused.json(), { status: 403, code: "access_denied", rule: "no deletes" });
    t.match(await (await ask("GET")).json(), { rule: "default" });
    t.same(gateway.faults, []);
  },
);

onEachEngine("what is known of the sender decides, in settings and in expressions", async (t, engine) => {
  const config = {
    allow: [
      { scopes: ["read", "write"] },
      { groups: ["admin"] },
      { claims: { tier: "gold" } },
      { expression: "identity.claims.level >= 3 && request.path.startsWith('/a/')" },
      { expression: "request.headers['x-a'] == 'b' && client.address == '127.0.0.1'" },
    ],
    challenge: 'Bearer realm="x"',
  };
  const plugins = [{ source: login, name: "login" }, [plugin, config]] as const;
  await using gateway = await testGateway({ plugins, upstream, engine });
  const ask = async (identity: object | null, path = "/", headers: Record<string, string> = {}) => {
    const told = identity === null ? headers : { ...headers, "x-identity": JSON.stringify(identity) };
    return (await gateway.fetch(path, { headers: told })).status;
  };
  const stranger = await gateway.fetch("/");
  t.equal(stranger.status, 401);
  t.equal(stranger.headers.get("www-authenticate"), 'Bearer realm="x"');
  t.equal(await ask({}), 403, "who is known and may not is not asked to log in again");
  t.equal(await ask({ scopes: ["read"] }), 403);
  t.equal(await ask({ scopes: ["write", "read"] }), 200);
  t.equal(await ask({ groups: ["admin"] }), 200);
  t.equal(await ask({ claims: { tier: "gold" } }), 200);
  t.equal(await ask({ claims: { tier: ["tin", "gold"] } }), 200);
  t.equal(await ask({ claims: { level: 3 } }, "/a/b"), 200);
  t.equal(await ask({ claims: { level: 3 } }, "/b/a"), 403);
  t.equal(await ask({ claims: { level: 2 } }, "/a/b"), 403);
  t.equal(await ask({ claims: { level: "high" } }, "/a/b"), 403, "a type that does not fit refuses");
  t.equal(await ask({ claims: { constructor: 1, __proto__: 2 } }, "/a/b"), 403);
  t.equal(await ask(null, "/", { "x-a": "b" }), 200);
  t.same(gateway.faults, []);
});

onEachEngine("an expression that comes to no value speaks for refusing", async (t, engine) => {
  const config = { deny: [{ expression: "request.headers['x-level'] == 'low'" }] };
  await using gateway = await testGateway({ plugins: [[plugin, config]], upstream, engine });
  const ask = async (headers: Record<string, string>) => (await gateway.fetch("/", { headers })).status;
  t.equal(await ask({ "x-level": "high" }), 200);
  t.equal(await ask({ "x-level": "low" }), 403);
  t.equal(await ask({}), 403, "no such key");
  t.equal(await ask({ x_level: "high" }), 403, "a look-alike is another field");
  t.same(gateway.faults, []);
});

onEachEngine(
  "agents are found in whatever case, and a missing one is a matter of headers",
  async (t, engine) => {
    const config = {
      deny: [{ userAgents: "evilbot\n# fine\nSQLmap\n" }, { headers: { "x-required": false } }],
    };
    await using gateway = await testGateway({ plugins: [[plugin, config]], upstream, engine });
    const ask = async (headers: Record<string, string>) => (await gateway.fetch("/", { headers })).status;
    t.equal(await ask({ "user-agent": "Mozilla/5.0", "x-required": "" }), 200);
    t.equal(await ask({ "user-agent": "Mozilla/5.0 (EvilBot/2)", "x-required": "1" }), 403);
    t.equal(await ask({ "user-agent": "sqlmap/1", "x-required": "1" }), 403);
    t.equal(await ask({ "user-agent": "Mozilla/5.0" }), 403);
    t.same(gateway.faults, []);
  },
);

onEachEngine("a config that could not decide is refused when it is loaded", async (t, engine) => {
  const refused = (config: object, message: RegExp) =>
    t.rejects(testGateway({ plugins: [[plugin, config]], engine }), { message }, JSON.stringify(config));
  for (const address of [
    "010.0.0.1",
    "10.1",
    "0x0a.0.0.1",
    "167772161",
    "10.0.0.1/8",
    "10.0.0.0/33",
    "fe80::1%eth0",
    "",
  ])
    await refused({ deny: [{ addresses: [address] }] }, /Cannot use rule deny\[0\]/);
  await refused({ deny: [{ addresses: "# nothing\n" }] }, /the list is empty/);
  await refused({ deny: [{ userAgents: [""] }] }, /an empty text/);
  await refused({ deny: [{ expression: "request.heders['a'] == 'b'" }] }, /No such key: heders/);
  await refused({ deny: [{ expression: "user == 'b'" }] }, /Unknown variable: user/);
  await refused({ deny: [{ expression: "request.path" }] }, /it is string, not bool/);
  await refused({ deny: [{ expression: "request.path ==" }] }, /Cannot read the expression/);
  await refused({ deny: [{ name: "all" }] }, /it has no condition/);
  await refused({ deny: [{}] }, /deny/);
  await refused({ deny: [{ adresses: ["::1"] }] }, /deny/);
  await refused({ deny: [{ headers: { "a b": true } }] }, /not the name of a field/);
  await refused({ deny: [{ methods: ["GET"], status: 401 }] }, /401 without challenge/);
  await refused({ allow: [{ methods: ["GET"], status: 404 }] }, /refuses nothing/);
  await refused({ challenge: "Bearer\r\nx: y" }, /challenge/);
  await refused({ challenge: true }, /challenge/);
});

onEachEngine("bodies are held to their limits, and go on as they came", async (t, engine) => {
  const config = { body: { maxSize: 200, json: { maxDepth: 3 } } };
  const echo = async (request: Request) => new Response(await request.text());
  await using gateway = await testGateway({ plugins: [[plugin, config]], upstream: echo, engine });
  const send = (
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = { "content-type": "application/json" },
  ) => gateway.fetch("/", { method: "POST", body, headers });
  const good = ' {"a": [1, "\u00e9"]}\n';
  t.equal(await (await send(good)).text(), good);
  t.equal((await gateway.fetch("/")).status, 200);
  const deep = await send("[[[[1]]]]");
  t.equal(deep.status, 400);
  t.match(await deep.json(), { status: 400, code: "body_refused", detail: "it is deeper than 3" });
  t.equal(
    (await send('{"a":1,"a":2}', { "content-type": "Application/Problem+JSON; charset=utf-8" })).status,
    400,
  );
  t.equal((await send("{")).status, 400);
  t.equal((await send(new Uint8Array([0x22, 0xff, 0x22]))).status, 400, "not UTF-8");
  t.equal((await send(new Uint8Array([0xef, 0xbb, 0xbf, 0x31]))).status, 400, "a byte order mark");
  t.equal((await send(JSON.stringify("a".repeat(200)))).status, 413);
  t.equal((await send("1", { "content-type": "application/json", "content-encoding": "gzip" })).status, 415);
  t.equal((await send("[[[[1]]]]", { "content-type": "text/plain" })).status, 200);
  for (const type of ["application/json, text/plain", "text/plain, application/json;x=1", "text/plain,"])
    t.equal((await send("[[[[1]]]]", { "content-type": type })).status, 400, `attack: two types, ${type}`);
  t.same(gateway.faults, []);
});

t.test(
  "attack: a rule for a host is passed by with another spelling that leads to the same route",
  async (t) => {
    const deny = [{ expression: 'request.host == "admin.test"' }];
    await using gateway = await testGateway({ plugins: [[plugin, { deny }]], upstream });
    const send = async (host: string) => (await gateway.fetch("/", { headers: { host } })).status;
    for (const host of ["admin.test", "ADMIN.test", "admin.test:80", "admin.test:8080", "Admin.Test:1"])
      t.equal(await send(host), 403, host);
    t.equal(await send("other.test"), 200);
  },
);

onEachEngine("a body of another type is refused", async (t, engine) => {
  const config = { body: { contentTypes: ["application/json"] } };
  await using gateway = await testGateway({ plugins: [[plugin, config]], upstream, engine });
  const send = async (type: string) =>
    (await gateway.fetch("/", { method: "POST", body: "1", headers: { "content-type": type } })).status;
  t.equal(await send("application/json; charset=utf-8"), 200);
  t.equal(await send("text/plain"), 415);
  t.equal(await send("text/plain; application/json"), 415);
  t.equal((await gateway.fetch("/")).status, 200);
});

t.test("a body whose length is not told in advance is held to the same limits", async (t) => {
  const service = await startUpstream(t, () => ok("here"));
  const use = { plugin, config: { body: { maxSize: 8, json: {} } } };
  const { ask } = await startBuiltInGateway(t, service.address, [use]);
  const chunked = (body: string, ...fields: string[]) =>
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n${fields.map((line) => `${line}\r\n`).join("")}\r\n` +
    `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  t.equal((await ask(chunked("[1]"))).status, 200);
  t.equal((await ask(chunked("[1"))).status, 400, "of no type, it may be JSON");
  t.equal((await ask(chunked("123456789", "Content-Type: text/plain"))).status, 413);
  t.equal((await ask(chunked("12345678", "Content-Type: text/plain"))).status, 200);
});

onEachEngine(
  "a body whose length is not told passes while it is counted, and is not held",
  async (t, engine) => {
    const config = { body: { maxSize: 3_000_000, contentTypes: ["text/plain"] } };
    let arrived = Promise.withResolvers<void>();
    const service = async (request: Request) => {
      let length = 0;
      for await (const part of request.body ?? []) {
        length += part.length;
        arrived.resolve();
      }
      return new Response(String(length));
    };
    await using gateway = await testGateway({ plugins: [[plugin, config]], upstream: service, engine });
    const send = (length: number, type = "text/plain") => {
      arrived = Promise.withResolvers();
      const body = new ReadableStream({
        async start(controller) {
          controller.enqueue(new Uint8Array(1000));
          // The service has the first part before there is another.
          await arrived.promise;
          controller.enqueue(new Uint8Array(length - 1000));
          controller.close();
        },
      });
      return gateway.fetch("/", { method: "POST", body, headers: { "content-type": type } });
    };
    t.equal(await (await send(3_000_000)).text(), "3000000", "more than a plugin may hold");
    t.equal((await send(3_000_001)).status, 413);
    t.same(gateway.faults, []);
  },
);

t.test("what is hidden looks as what is not there", async (t) => {
  const service = await startUpstream(t, () => ok("here"));
  const use = {
    plugin,
    config: { deny: [{ expression: "request.path == '/hidden'", status: 404 }], proxyName: "here" },
  };
  const { ask } = await startBuiltInGateway(t, service.address, [use], {
    config: (config) => ({
      ...config,
      routes: config.routes.map((route) => ({
        ...route,
        match: { ...route.match, path: { kind: "prefix", value: "/hidden" } },
      })),
    }),
  });
  const [hidden, absent] = [await ask(get("/hidden")), await ask(get("/absent"))];
  t.equal(hidden.status, 404);
  t.equal(absent.status, 404);
  const { requestId: _one, detail: _a, ...told } = JSON.parse(hidden.body);
  const { requestId: _other, detail: _b, ...known } = JSON.parse(absent.body);
  t.same(told, known);
  t.same(Object.keys(JSON.parse(hidden.body)), Object.keys(JSON.parse(absent.body)));
  const fields = ({ fields }: typeof hidden) =>
    fields
      .filter(([name]) => !/^(date|content-length|connection)$/i.test(name))
      .map(([name, value]) => [name.toLowerCase(), /request-id/i.test(name) ? "any" : value])
      .sort();
  t.same(fields(hidden), fields(absent));
});

for (const engine of [undefined, "quickjs"] as const) {
  t.test(`a real client is refused and let pass, engine: ${engine ?? "its own"}`, async (t) => {
    const service = await startUpstream(t, () => ok("here"));
    const config = {
      deny: [
        { addresses: ["192.0.2.0/24"] },
        { expression: "request.headers.exists(n, n.matches('^x-evil'))" },
      ],
    };
    const { ask } = await startBuiltInGateway(t, service.address, [{ plugin, config }], {
      forwarding: { trustedProxies: ["127.0.0.0/8"] },
      ...(engine && { engine }),
    });
    t.equal((await ask(get("/"))).status, 200);
    t.equal(
      (await ask(get("/", "X-Forwarded-For: 192.0.2.7"))).status,
      403,
      "the client before a trusted proxy",
    );
    t.equal((await ask(get("/", "X-Evil-1: a"))).status, 403);
  });
}

t.test("a stranger's word on his address is not believed", async (t) => {
  const service = await startUpstream(t, () => ok("here"));
  const use = { plugin, config: { allow: [{ addresses: ["192.0.2.7"] }] } };
  const { ask } = await startBuiltInGateway(t, service.address, [use]);
  t.equal((await ask(get("/", "X-Forwarded-For: 192.0.2.7"))).status, 403);
});
