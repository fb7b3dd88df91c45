import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import t, { type Test } from "tap";
import { noGrants } from "../../../core/config/defaults.ts";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { type TestGatewayOptions, testGateway } from "../../../core/testing/index.ts";
import { cacheKey } from "../../../plugins/auth/forward-auth/question.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { field } from "../../support/message.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

type Decide = (request: IncomingMessage, response: ServerResponse) => void;

/** A service that decides, on a port of its own until the test ends. */
async function startDecider(t: Test, decide: Decide) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    decide(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const upstream = (request: Request) =>
  Response.json({ url: request.url, ...Object.fromEntries(request.headers) });

function start(
  origin: string,
  settings: object = {},
  config: object = {},
  options: Partial<TestGatewayOptions> = {},
) {
  const strategies = [{ type: "forward-auth", url: `${origin}/decide`, ...settings }];
  return testGateway({
    plugins: [{ plugin: "auth", config: { strategies, ...config }, grants: { fetch: [origin] } }],
    fetch: (request) => fetch(request, { redirect: "manual" }),
    upstream,
    ...options,
  });
}

const seenBy = async (response: Response) => (await response.json()) as Record<string, string>;
const allowAlice: Decide = (_, response) =>
  void response.writeHead(204, { "X-User": "alice", "X-Roles": "staff, admin", "X-Tenant": "acme" }).end();

onEachEngine("who the service allows passes, with the fields that it says", async (t, engine) => {
  const { origin, asked } = await startDecider(t, allowAlice);
  const settings = {
    subjectHeader: "x-user",
    groupsHeader: "x-roles",
    claims: { tenant: "x-tenant" },
    responseHeaders: ["X-Tenant", "X-Plan"],
    requestHeaders: ["authorization", "x-forwarded-method"],
  };
  await using gateway = await start(origin, settings, { requireGroups: ["admin"] }, { engine });
  const response = await gateway.fetch("https://shop.example/a/../b?c=%20d", {
    method: "POST",
    body: "secret body",
    headers: {
      authorization: "Bearer x",
      cookie: "not=asked",
      "x-tenant": "forged",
      X_Tenant: "forged",
      "x-plan": "forged",
      "x-forwarded-method": "GET",
    },
  });
  t.equal(response.status, 200);
  const seen = await seenBy(response);
  t.match(seen, {
    "x-auth-subject": "alice",
    "x-auth-method": "forward-auth",
    "x-auth-groups": "staff,admin",
    "x-tenant": "acme",
    authorization: "Bearer x",
  });
  t.notMatch(JSON.stringify(seen), "forged");
  const [question] = asked;
  t.equal(question?.method, "GET");
  t.equal(question?.url, "/decide");
  t.match(question?.headers, {
    authorization: "Bearer x",
    "x-forwarded-method": "POST",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "shop.example",
    "x-forwarded-uri": "/b?c=%20d",
    "x-forwarded-for": "127.0.0.1",
    host: origin.slice("http://".length),
  });
  t.notOk("cookie" in question!.headers, "it was not chosen");
  t.notOk("content-length" in question!.headers, "the body stays here");
  t.same(gateway.faults, []);
});

onEachEngine("whom it does not allow gets its answer, in the fields that were chosen", async (t, engine) => {
  const { origin } = await startDecider(t, (request, response) => {
    const { "x-forwarded-uri": uri } = request.headers;
    if (uri === "/login") {
      response.writeHead(302, [
        ["Location", "https://login.example/?back=1"],
        ["Set-Cookie", "a=1; Path=/"],
        ["Set-Cookie", "b=2"],
        ["X-Internal", "secret"],
      ] as never);
      response.end();
    } else {
      response.writeHead(401, {
        "WWW-Authenticate": "Custom x=1",
        "Content-Type": "text/plain",
        "X-Internal": "secret",
        "Cache-Control": "max-age=600",
      });
      response.end(uri === "/long" ? "x".repeat(100_000) : "who are you?");
    }
  });
  await using gateway = await start(origin, {}, {}, { engine });
  const login = await gateway.fetch("/login");
  t.equal(login.status, 302);
  t.equal(login.headers.get("location"), "https://login.example/?back=1");
  t.same(login.headers.getSetCookie(), ["a=1; Path=/", "b=2"]);
  t.notOk(login.headers.has("x-internal"));
  const denied = await gateway.fetch("/");
  t.equal(denied.status, 401);
  t.equal(denied.headers.get("www-authenticate"), "Custom x=1");
  t.equal(denied.headers.get("content-type"), "text/plain");
  t.equal(denied.headers.get("cache-control"), "no-store");
  t.equal(await denied.text(), "who are you?");
  const long = await gateway.fetch("/long");
  t.equal(long.status, 401);
  t.equal(await long.text(), "", "a body that is too long is left out");
  t.same(gateway.faults, []);
});

t.test("attack: a service that is down, slow or decides nothing lets nobody in", async (t) => {
  const decisions: Record<string, Decide> = {
    "breaks off": (_request, response) => void response.destroy(),
    fails: (_request, response) => void response.writeHead(500).end("stack trace"),
    "is overloaded": (_request, response) => void response.writeHead(503).end(),
    "says nothing new": (_request, response) => void response.writeHead(304).end(),
    "names nobody": (_request, response) => void response.writeHead(200).end(),
    "names nobody at length": (_request, response) =>
      void response.writeHead(200, { "X-User": "a".repeat(1025) }).end(),
    "never answers": () => {},
  };
  for (const [what, decide] of Object.entries(decisions)) {
    const { origin } = await startDecider(t, decide);
    await using gateway = await start(origin, { subjectHeader: "x-user", timeout: 0.2 }, { require: "none" });
    for (let turn = 0; turn < 2; turn++) {
      const response = await gateway.fetch("/");
      t.equal(response.status, 503, what);
      t.equal(response.headers.get("retry-after"), "1");
      t.notMatch(await response.text(), "stack trace");
    }
    t.equal(gateway.log.filter(({ level }) => level === "warn").length, 1, "told once");
    t.same(gateway.faults, []);
  }
});

t.test("attack: a redirect is the client's, and not followed with its cookies", async (t) => {
  const other = await startDecider(t, allowAlice);
  const { origin } = await startDecider(
    t,
    (_request, response) => void response.writeHead(307, { Location: `${other.origin}/decide` }).end(),
  );
  await using gateway = await start(origin);
  t.equal((await gateway.fetch("/", { headers: { cookie: "session=1" } })).status, 307);
  t.equal(other.asked.length, 0);
});

t.test(
  "a field that it is asked with may be exchanged, and is not left if it says nothing of it",
  async (t) => {
    const { origin, asked } = await startDecider(t, (request, response) => {
      const isKnown = request.headers.authorization === "Bearer outer";
      response.writeHead(200, isKnown ? { Authorization: "Bearer inner" } : {}).end();
    });
    await using gateway = await start(origin, { responseHeaders: ["authorization"] });
    const seen = async (authorization: string) =>
      (await seenBy(await gateway.fetch("/", { headers: { authorization } })))["authorization"];
    t.equal(await seen("Bearer outer"), "Bearer inner");
    t.equal(await seen("Bearer mine"), undefined);
    t.equal(asked.length, 2);
  },
);

t.test("forged fields are removed where another strategy knows the client, too", async (t) => {
  const { origin, asked } = await startDecider(t, allowAlice);
  const key = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
  const strategies = [
    { type: "api-key", keys: [{ key, subject: "billing" }] },
    { type: "forward-auth", url: origin, responseHeaders: ["x-tenant"] },
  ];
  await using gateway = await start(origin, {}, { strategies });
  const headers = { "x-api-key": "test", "x-tenant": "forged", "x.tenant": "forged" };
  const seen = await seenBy(await gateway.fetch("/", { headers }));
  t.equal(seen["x-auth-subject"], "billing");
  t.notMatch(JSON.stringify(seen), "forged");
  t.equal(asked.length, 0);
});

t.test("an answer that allows is remembered for requests that are alike, and no other is", async (t) => {
  const { origin, asked } = await startDecider(t, (request, response) => {
    const { cookie = "", "x-forwarded-uri": uri } = request.headers;
    const isKnown = cookie.startsWith("user=");
    const keep = uri === "/fresh" ? { "Cache-Control": "no-store" } : {};
    response.writeHead(isKnown ? 200 : 401, { "X-User": cookie.slice(5), ...keep }).end();
  });
  const settings = { subjectHeader: "x-user", responseHeaders: ["x-user"], cacheFor: 60 };
  await using gateway = await start(origin, settings);
  const as = async (cookie: string, path = "/", init: RequestInit = {}) => {
    const before = asked.length;
    const response = await gateway.fetch(path, { ...init, headers: { cookie } });
    const user = response.status === 200 ? (await seenBy(response))["x-user"] : response.status;
    return [user, asked.length - before];
  };
  t.same(await as("user=a"), ["a", 1]);
  t.same(await as("user=a"), ["a", 0]);
  t.same(await as("user=b"), ["b", 1], "another client");
  t.same(await as("user=a", "/other"), ["a", 1], "another path");
  t.same(await as("user=a", "/", { method: "POST" }), ["a", 1], "another method");
  t.same(await as("user=a", "/fresh"), ["a", 1]);
  t.same(await as("user=a", "/fresh"), ["a", 1], "the service forbids it");
  t.same(await as("nobody"), [401, 1]);
  t.same(await as("nobody"), [401, 1], "a refusal is not remembered");
  await using byUser = await start(origin, { ...settings, cacheBy: ["Cookie"] });
  const ask = (cookie: string, path: string) => byUser.fetch(path, { headers: { cookie } });
  await ask("user=a", "/1");
  const before = asked.length;
  t.equal((await seenBy(await ask("user=a", "/2")))["x-user"], "a");
  t.equal(asked.length, before);
});

t.test("attack: values that are put together so that two clients look alike", async (t) => {
  const key = (...values: (string | null)[]) =>
    cacheKey(new Map(values.map((value, index) => [`${index}`, value])), ["0", "1", "2"]);
  const keys = [
    key("a", "b", ""),
    key("a", "", "b"),
    key("ab", "", ""),
    key("a", "b", null),
    key('a","b', "", ""),
    key("a\nb", "", ""),
    key(null, null, null),
    key("", "", ""),
  ];
  t.equal(new Set(keys).size, keys.length);
  t.equal(key("a", "b", ""), keys[0]);
});

t.test("attack: clients that are gone do not leave questions behind", async (t) => {
  const begun = Promise.withResolvers<IncomingMessage>();
  const { origin } = await startDecider(t, (request) => begun.resolve(request));
  const service = await startUpstream(t, () => ok("here"));
  const config = { strategies: [{ type: "forward-auth", url: origin }] };
  const { connect } = await startBuiltInGateway(t, service.address, [{ plugin: "auth", config }], {
    settings: { auth: { grants: { ...noGrants, fetch: [origin] } } },
  });
  const client = await connect();
  client.write(get("/"));
  const question = await begun.promise;
  const gone = new Promise((resolve) => question.once("close", resolve));
  client.socket.destroy();
  await gone;
  t.pass("the connection of the question is closed");
});

t.test("through a real listener", async (t) => {
  const { origin, asked } = await startDecider(t, (request, response) =>
    request.headers.authorization === "Bearer good"
      ? void response.writeHead(200, { "Remote-User": "zoe" }).end("body that nobody needs")
      : void response.writeHead(403).end("no"),
  );
  const service = await startUpstream(t, (request) => ok(field(request, "x-auth-subject") ?? "nobody"));
  const config = { strategies: [{ type: "forward-auth", url: origin, subjectHeader: "remote-user" }] };
  const { ask } = await startBuiltInGateway(t, service.address, [{ plugin: "auth", config }], {
    settings: { auth: { grants: { ...noGrants, fetch: [origin] } } },
  });
  const allowed = await ask(get("/", "Authorization: Bearer good", "X-Forwarded-For: 6.6.6.6"));
  t.equal(allowed.status, 200);
  t.equal(allowed.body, "zoe");
  t.equal(asked[0]?.headers["x-forwarded-for"], "127.0.0.1");
  const denied = await ask(get("/"));
  t.equal(denied.status, 403);
  t.equal(denied.body, "no");
});

t.test("a request without the fields that are credentials is not asked about", async (t) => {
  const { origin, asked } = await startDecider(t, allowAlice);
  await using gateway = await start(origin, { onlyWith: ["Authorization", "x-token"] });
  const response = await gateway.fetch("/", { headers: { cookie: "a=1" } });
  t.equal(response.status, 401);
  t.equal(response.headers.get("www-authenticate"), 'ForwardAuth realm="api"');
  t.equal(asked.length, 0);
  t.equal((await gateway.fetch("/", { headers: { "x-token": "" } })).status, 200);
});

t.test("a config that cannot be meant so is refused", async (t) => {
  const refused = async (settings: object, message: RegExp) => {
    await t.rejects(start("http://127.0.0.1:1", settings), { message });
  };
  await refused({ url: "file:///etc/passwd" }, /strategies\/0\/url/);
  await refused({ responseHeaders: ["Content-Length"] }, /responseHeaders has Content-Length/);
  await refused({ responseHeaders: ["X_Forwarded_For"] }, /responseHeaders has X_Forwarded_For/);
  await refused({ clientHeaders: ["connection"] }, /clientHeaders has connection/);
  await refused({ cacheBy: ["x-user"] }, /cacheBy has x-user, which is not one of requestHeaders/);
  await refused({ cacheBy: [":host"], cacheFor: 1 }, /everybody would get what the first one got/);
});
