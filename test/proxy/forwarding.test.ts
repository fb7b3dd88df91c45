import t, { type Test } from "tap";
import { type GatewaySettings, get, startGateway } from "../support/gateway.ts";
import { field, fieldNames, type Message } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

/** Both sides of one exchange: the request as the endpoint got it and the response as the client did. */
async function exchange(
  t: Test,
  request: string,
  options: { readonly settings?: GatewaySettings; readonly reply?: string } = {},
): Promise<{ request: Message; response: Message; authority: string }> {
  const seen: Message[] = [];
  const upstream = await startUpstream(t, (message) => {
    seen.push(message);
    return options.reply ?? ok();
  });
  const proxy = await startGateway(t, upstream.address, options.settings);
  const response = await proxy.ask(request);
  const { authority } = proxy.gateway.generation.config.clusters[0]!.endpoints[0]!;
  return { request: seen[0]!, response, authority };
}

const trusting: GatewaySettings = { forwarding: { trustedProxies: ["127.0.0.1"] } };
const hopFields = [
  "Keep-Alive: timeout=5",
  "Proxy-Connection: keep-alive",
  "Proxy-Authorization: Basic eDp5",
];

t.test("fields of this hop, and those that Connection names, do not pass", async (t) => {
  const fields = ["Connection: close, X-Mine", "X-Mine: 1", "connection: x-too", "X-Too: 2", "X-Kept: 3"];
  const { request, response } = await exchange(t, get("/", ...fields, ...hopFields), {
    reply: ok("", ...fields, ...hopFields, "Upgrade: h2c"),
  });
  for (const message of [request, response]) {
    const names = fieldNames(message);
    for (const name of [
      "x-mine",
      "x-too",
      "keep-alive",
      "proxy-connection",
      "proxy-authorization",
      "upgrade",
    ]) {
      t.notOk(names.includes(name), `${name} is gone`);
    }
    t.equal(field(message, "x-kept"), "3");
  }
  t.equal(field(request, "connection"), null);
  t.equal(field(response, "connection"), "close", "of the client's own wish");
});

t.test("Connection cannot name away what the proxy sets or what frames the message", async (t) => {
  const names =
    "X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, X-Request-Id, Via, Host, Content-Length, Date";
  const { request, response } = await exchange(
    t,
    `POST / HTTP/1.1\r\nHost: a.test\r\nConnection: ${names}\r\nContent-Length: 2\r\n\r\nhi`,
    { reply: ok("body", `Connection: ${names}`, "Date: Thu, 01 Jan 2026 00:00:00 GMT") },
  );
  t.equal(request.body, "hi");
  t.equal(response.body, "body");
  t.equal(field(request, "host"), "a.test");
  t.equal(field(request, "x-forwarded-for"), "127.0.0.1");
  t.equal(field(request, "via"), "1.1 here");
  t.match(field(request, "x-request-id"), /./);
  t.equal(field(response, "date"), "Thu, 01 Jan 2026 00:00:00 GMT");
});

t.test("Via is added in both directions, behind those that are there", async (t) => {
  const { request, response } = await exchange(t, get("/", "Via: 1.0 first"), {
    reply: ok("", "Via: 1.1 last"),
  });
  t.equal(field(request, "via"), "1.0 first, 1.1 here");
  t.equal(field(response, "via"), "1.1 last, 1.1 here");
});

t.test("a request that passed here before is answered 508", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const response = await proxy.ask(get("/", "Via: 1.1 other, 1.1 here (comment)"));
  t.equal(response.status, 508);
  t.match(field(response, "proxy-status"), "proxy_loop_detected");
  t.equal(upstream.connections.length, 0);
});

t.test("a proxy in front of itself answers 508 instead of going round", async (t) => {
  const first = await startGateway(t, { host: "127.0.0.1", port: 1 });
  const second = await startGateway(t, first.address, { forwarding: { via: "second" } });
  const config = first.gateway.generation.config;
  const [cluster] = config.clusters;
  const authority = "second.test";
  const endpoints = [{ address: second.address, weight: 1, zone: null, priority: 0, authority }];
  await first.gateway.apply({ ...config, clusters: [{ ...cluster!, endpoints }] });
  t.equal((await first.ask(get())).status, 508);
});

const claims = [
  "X-Forwarded-For: 6.6.6.6",
  "X-Forwarded-For: 7.7.7.7",
  "X-Forwarded-Proto: https",
  "X-Forwarded-Host: evil.test",
  "X-Forwarded-Prefix: /evil",
  "X-Real-IP: 6.6.6.6",
  "Forwarded: for=6.6.6.6",
];

t.test("a stranger's word about its own client is replaced", async (t) => {
  const { request } = await exchange(t, get("/", ...claims));
  t.equal(field(request, "x-forwarded-for"), "127.0.0.1");
  t.equal(field(request, "x-forwarded-proto"), "http");
  t.equal(field(request, "x-forwarded-host"), "a.test");
  for (const name of ["x-forwarded-prefix", "x-real-ip", "forwarded"])
    t.equal(field(request, name), null, name);
});

t.test("a trusted proxy's word is kept, and its address added", async (t) => {
  const { request } = await exchange(t, get("/", ...claims), { settings: trusting });
  t.equal(field(request, "x-forwarded-for"), "6.6.6.6, 7.7.7.7, 127.0.0.1");
  t.equal(field(request, "x-forwarded-proto"), "https");
  t.equal(field(request, "x-forwarded-host"), "evil.test");
  t.equal(field(request, "x-real-ip"), "6.6.6.6");
});

t.test("look-alikes with underscores pass from nobody", async (t) => {
  const lookAlikes = [
    "X_Forwarded_For: 6.6.6.6",
    "X-Forwarded_Proto: https",
    "X_Real_IP: 6.6.6.6",
    "x_request_id: 1",
  ];
  for (const settings of [{}, trusting]) {
    const { request } = await exchange(t, get("/", ...lookAlikes), { settings });
    t.notOk(fieldNames(request).some((name) => name.includes("_")));
  }
});

t.test("Forwarded is written where it is wished for", async (t) => {
  const wished = { forwarding: { forwarded: true } };
  const { request } = await exchange(t, get("/", "Forwarded: for=6.6.6.6"), { settings: wished });
  t.equal(field(request, "forwarded"), 'for=127.0.0.1;host="a.test";proto=http');
  const trusted = { forwarding: { forwarded: true, trustedProxies: ["127.0.0.0/8"] } };
  const appended = await exchange(t, get("/", "Forwarded: for=6.6.6.6"), { settings: trusted });
  t.equal(field(appended.request, "forwarded"), 'for=6.6.6.6, for=127.0.0.1;host="a.test";proto=http');
});

t.test("X-Request-Id is kept from a trusted proxy and made for a stranger", async (t) => {
  const given = get("/", "X-Request-Id: mine");
  t.equal(field((await exchange(t, given, { settings: trusting })).request, "x-request-id"), "mine");
  const [first, second] = [await exchange(t, given), await exchange(t, given)];
  const ids = [first, second].map(({ request }) => field(request, "x-request-id"));
  t.match(ids[0], /^[0-9a-f-]{36}$/);
  t.not(ids[0], ids[1]);
  const twice = await exchange(t, get("/", "X-Request-Id: a", "X-Request-Id: b"), { settings: trusting });
  t.match(field(twice.request, "x-request-id"), /^[0-9a-f-]{36}$/, "two are none");
});

t.test("Host is the client's, the endpoint's or the route's own", async (t) => {
  t.equal(field((await exchange(t, get())).request, "host"), "a.test");
  const toEndpoint = await exchange(t, get(), { settings: { route: { host: "upstream" } } });
  t.equal(field(toEndpoint.request, "host"), toEndpoint.authority);
  const literal = await exchange(t, get(), { settings: { route: { host: { literal: "c.test" } } } });
  t.equal(field(literal.request, "host"), "c.test");
  t.equal(field(literal.request, "x-forwarded-host"), "a.test");
});

t.test("Date is added where the endpoint sent none", async (t) => {
  const { response } = await exchange(t, get());
  t.ok(Math.abs(Date.parse(field(response, "date")!) - Date.now()) < 5000);
});

t.test("names that mean something to JavaScript pass like any other", async (t) => {
  const fields = ["__proto__: 1", "constructor: 2", "hasOwnProperty: 3", "toString: 4"];
  const { request, response } = await exchange(t, get("/", ...fields), { reply: ok("", ...fields) });
  for (const message of [request, response]) {
    t.equal(field(message, "__proto__"), "1");
    t.equal(field(message, "constructor"), "2");
    t.equal(field(message, "hasownproperty"), "3");
  }
});

t.test("fields keep their order, their case and their bytes", async (t) => {
  const fields = ["B: \tx  y \t", "a: 1", "A: 2", "Empty:", "Latin: \xe9\xff", "Cookie: a=b; c=d"];
  const { request, response } = await exchange(t, get("/", ...fields), { reply: ok("", ...fields) });
  const expected = [
    ["B", "x  y"],
    ["a", "1"],
    ["A", "2"],
    ["Empty", ""],
    ["Latin", "\xe9\xff"],
    ["Cookie", "a=b; c=d"],
  ];
  const names = new Set(expected.map(([name]) => name));
  for (const message of [request, response]) {
    t.same(
      message.fields.filter(([name]) => names.has(name)),
      expected,
    );
  }
});
