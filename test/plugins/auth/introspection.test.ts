import t from "tap";
import { noGrants } from "../../../core/config/defaults.ts";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { type TestGatewayOptions, testGateway } from "../../../core/testing/index.ts";
import { questionOf, readAnswer } from "../../../plugins/auth/introspection/call.ts";
import { endOf, reasonAgainst } from "../../../plugins/auth/introspection/judge.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";
import { gatewayClient, startTokenServer } from "./token-server.ts";

t.teardown(stopBundler);

const endpoint = "https://login.example.com/introspect";
const grants = { fetch: ["https://login.example.com"] };
const upstream = (request: Request) => Response.json(Object.fromEntries(request.headers));
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const strategyWith = (settings: object = {}) => ({
  type: "introspection",
  endpoint,
  ...gatewayClient,
  audience: "orders",
  subjectClaim: "client_id",
  ...settings,
});
const active = { active: true, client_id: "service", aud: "orders", token_type: "bearer" };

/** Behind a server that answers what it is told for a token; undefined: it breaks off. */
function start(
  answer: (token: string) => object | string | number | undefined | Promise<object>,
  settings: object = {},
  options: Partial<TestGatewayOptions> = {},
) {
  const config = { strategies: [strategyWith(settings)] };
  return testGateway({
    plugins: [{ plugin: "auth", config, grants }],
    async fetch(request) {
      const token = new URLSearchParams(await request.text()).get("token") ?? "";
      // The question at the start.
      if (/^[0-9a-f-]{36}$/.test(token)) return Response.json({ active: false });
      const said = await answer(token);
      if (said === undefined) return Response.error();
      if (typeof said === "number") return new Response("{}", { status: said });
      return new Response(typeof said === "string" ? said : JSON.stringify(said));
    },
    upstream,
    ...options,
  });
}

onEachEngine(
  "a token that a real server issued is good until the server takes it back",
  async (t, engine) => {
    const server = await startTokenServer(t);
    const settings = { endpoint: server.endpoint, issuer: server.origin, cacheFor: 0 };
    const config = { strategies: [strategyWith(settings)], requireScopes: ["orders:read"] };
    await using gateway = await testGateway({
      plugins: [{ plugin: "auth", config, grants: { fetch: [server.origin] } }],
      fetch: (request) => fetch(request),
      upstream,
      engine,
    });
    const token = await server.issue();
    const seen = (await (await gateway.fetch("/", bearer(token))).json()) as object;
    t.match(seen, {
      "x-auth-subject": "service",
      "x-auth-method": "introspection",
      "x-auth-scopes": "orders:read",
    });
    t.notOk("authorization" in seen, "the service does not get the token");
    const stranger = await gateway.fetch("/", bearer(`${token.slice(1)}x`));
    t.equal(stranger.status, 401);
    t.equal(stranger.headers.get("www-authenticate"), 'Bearer realm="api", error="invalid_token"');
    const without = await gateway.fetch("/");
    t.equal(without.headers.get("www-authenticate"), 'Bearer realm="api"');
    await server.revoke(token);
    t.equal((await gateway.fetch("/", bearer(token))).status, 401);
    t.same(gateway.faults, []);
  },
);

t.test("through a real listener, and a client secret in the form", async (t) => {
  const server = await startTokenServer(t);
  const service = await startUpstream(t, () => ok("here"));
  const settings = { endpoint: server.endpoint, clientId: "poster", clientAuth: "post" };
  const config = { strategies: [strategyWith(settings)], require: "any" };
  const grants = { fetch: [server.origin] };
  const { ask } = await startBuiltInGateway(t, service.address, [{ plugin: "auth", config }], {
    settings: { auth: { grants: { ...noGrants, ...grants } } },
  });
  const token = await server.issue();
  t.equal((await ask(get("/", `Authorization: Bearer ${token}`))).status, 200);
  t.equal((await ask(get("/", `Authorization: Bearer ${token}`))).status, 200);
  t.equal(server.asked(), 2, "once at the start and once for the token");
  t.equal((await ask(get("/", "Authorization: Bearer x"))).status, 401);
  server.isDown = true;
  t.equal((await ask(get("/", "Authorization: Bearer y"))).status, 503);
  t.equal((await ask(get("/", `Authorization: Bearer ${token}`))).status, 200, "it is remembered");
});

t.test("a server that does not know this proxy refuses the config, or starts closed", async (t) => {
  const server = await startTokenServer(t);
  const start = (onStart: string) =>
    testGateway({
      plugins: [
        {
          plugin: "auth",
          config: {
            strategies: [strategyWith({ endpoint: server.endpoint, clientSecret: "hunter2", onStart })],
            require: "none",
          },
          grants: { fetch: [server.origin] },
        },
      ],
      fetch: (request) => fetch(request),
    });
  const error = await start("refuse").then(
    () => null,
    (reason: Error) => reason,
  );
  t.match(error?.message, /the endpoint answered with status 401/);
  t.notMatch(error?.message, /hunter2/);
  await using gateway = await start("closed");
  t.equal((await gateway.fetch("/", bearer(await server.issue()))).status, 503);
  t.equal((await gateway.fetch("/")).status, 200, "require: none lets strangers pass, and bad tokens never");
});

onEachEngine("attack: tokens that are made up cost one question each, and end in 429", async (t, engine) => {
  let asked = 0;
  const answer = (token: string) => {
    asked++;
    return token === "good" ? active : { active: false };
  };
  await using gateway = await start(answer, { attempts: 5 }, { engine });
  const status = async (token: string) => (await gateway.fetch("/", bearer(token))).status;
  for (let turn = 0; turn < 4; turn++) t.equal(await status("again"), 401);
  t.equal(asked, 1, "what is not active is remembered");
  t.equal(await status("good"), 200);
  const statuses: number[] = [];
  for (let turn = 0; turn < 6; turn++) statuses.push(await status(`made-up-${turn}`));
  t.same(statuses, [401, 401, 401, 401, 429, 429]);
  const refused = await gateway.fetch("/", bearer("x"));
  t.ok(Number(refused.headers.get("retry-after")) > 0);
  t.equal(await status("good"), 200, "what is remembered is no question");
  t.equal(asked, 6);
});

t.test("attack: made-up tokens do not push good ones out of memory", async (t) => {
  let asked = 0;
  const answer = (token: string) => {
    asked++;
    return token === "good" ? active : { active: false };
  };
  await using gateway = await start(answer, { cache: 8, attempts: 0 });
  await gateway.fetch("/", bearer("good"));
  for (let turn = 0; turn < 50; turn++) await gateway.fetch("/", bearer(`made-up-${turn}`));
  asked = 0;
  t.equal((await gateway.fetch("/", bearer("good"))).status, 200);
  t.equal(asked, 0);
});

t.test("those who show one token at the same time wait for one answer", async (t) => {
  let asked = 0;
  const gate = Promise.withResolvers<void>();
  const answer = async () => {
    asked++;
    await gate.promise;
    return active;
  };
  await using gateway = await start(answer);
  const all = Array.from({ length: 50 }, () => gateway.fetch("/", bearer("one")));
  gate.resolve();
  for (const response of await Promise.all(all)) t.equal(response.status, 200);
  t.equal(asked, 1);
});

t.test("attack: a server that is down, slow or answers nonsense lets nobody in", async (t) => {
  const nonsense = [
    undefined,
    500,
    401,
    204,
    "",
    "true",
    "<html>",
    "[]",
    "null",
    '{"active":"true"}',
    '{"active":1}',
    "{}",
    JSON.stringify({ ...active, filler: "x".repeat(30_000) }),
  ];
  for (const said of nonsense) {
    await using gateway = await start(() => said);
    const response = await gateway.fetch("/", bearer("any"));
    t.equal(response.status, 503, String(said).slice(0, 20));
    t.equal(response.headers.get("retry-after"), "1");
    t.equal(gateway.metrics.counter("refused_unavailable"), 1);
    t.equal(gateway.log.filter(({ level }) => level === "warn").length, 1);
  }
  await using gateway = await start(() => new Promise(() => {}), { timeout: 0.05 });
  t.equal((await gateway.fetch("/", bearer("any"))).status, 503);
});

t.test("attack: a redirect of the server's does not take the token elsewhere", async (t) => {
  const urls: string[] = [];
  await using gateway = await testGateway({
    plugins: [{ plugin: "auth", config: { strategies: [strategyWith({ onStart: "closed" })] }, grants }],
    fetch(request) {
      urls.push(request.url);
      return Response.redirect("https://login.example.com/elsewhere", 307);
    },
  });
  t.equal((await gateway.fetch("/", bearer("any"))).status, 503);
  t.same(new Set(urls), new Set([endpoint]));
});

t.test("while the server is gone an old answer counts for its time, where that is allowed", async (t) => {
  let isDown = false;
  const answer = () => (isDown ? undefined : { ...active });
  for (const [staleFor, expected] of [
    [60, 200],
    [0, 503],
  ] as const) {
    isDown = false;
    await using gateway = await start(answer, { cacheFor: 0, staleFor });
    t.equal((await gateway.fetch("/", bearer("one"))).status, 200);
    isDown = true;
    t.equal((await gateway.fetch("/", bearer("one"))).status, expected);
    t.equal((await gateway.fetch("/", bearer("other"))).status, 503, "never for a token that nobody knows");
  }
});

t.test("attack: a credential of another scheme, two of them, and what is no token", async (t) => {
  let asked = 0;
  await using gateway = await start(
    () => {
      asked++;
      return active;
    },
    { query: "access_token" },
  );
  const status = async (path: string, authorization?: string) =>
    (await gateway.fetch(path, authorization === undefined ? {} : { headers: { authorization } })).status;
  t.equal(await status("/", "Basic YTpi"), 401);
  t.equal(await status("/", "Bearer a, Bearer b"), 401);
  t.equal(await status("/", `Bearer ${"x".repeat(9000)}`), 401);
  t.equal(await status("/", "Bearer a&active=true"), 401);
  t.equal(await status("/?access_token=a&access_token=b"), 401);
  t.equal(asked, 0);
  t.equal(await status("/?access_token=a", "Basic YTpi"), 200);
});

t.test("attack: refresh tokens, tokens for others, and tokens bound to a key of somebody else", async (t) => {
  const now = 1_700_000_000;
  const rules = {
    audience: "orders",
    issuer: ["https://a", "https://b"],
    tokenTypes: ["Bearer"],
    requiredClaims: ["tenant"],
    clockTolerance: 5,
  };
  const good = { ...active, iss: "https://b", tenant: "acme", exp: now + 1, nbf: now };
  const reason = (change: object, other: object = {}) =>
    reasonAgainst({ ...good, ...change }, { ...rules, ...other }, now * 1000);
  t.equal(reason({}), null);
  t.equal(reason({ aud: ["x", "orders"] }), null);
  t.equal(reason({ token_type: undefined }), "token_type", "a refresh token has none");
  t.equal(reason({ token_type: "DPoP" }), "token_type");
  t.equal(reason({ cnf: { jkt: "x" } }), "token_type");
  t.equal(reason({ cnf: { jkt: "x" }, token_type: undefined }, { tokenTypes: [] }), null);
  for (const aud of [undefined, "Orders", "orders ", ["x"], {}, 1, [["orders"]]])
    t.equal(reason({ aud }), "audience");
  t.equal(reason({ aud: undefined }, { audience: [] }), null);
  for (const iss of [undefined, "https://c", 1]) t.equal(reason({ iss }), "issuer");
  for (const exp of [now - 5, "9999999999", null, Number.NaN])
    t.equal(reason({ exp }), "expired", String(exp));
  t.equal(reason({ exp: now - 4 }), null);
  for (const nbf of [now + 6, "0"]) t.equal(reason({ nbf }), "early");
  const { tenant: _, ...without } = good;
  t.equal(reasonAgainst(without, rules, now * 1000), "claims");
  t.equal(endOf({ exp: 5 }), 5000);
  t.equal(endOf({}), Infinity);
});

t.test("a token is remembered no longer than it is good", async (t) => {
  let asked = 0;
  const answer = () => {
    asked++;
    return { ...active, exp: Math.floor(Date.now() / 1000) - 1 };
  };
  await using gateway = await start(answer, { cacheFor: 60, staleFor: 60, clockTolerance: 5 });
  t.equal((await gateway.fetch("/", bearer("one"))).status, 200);
  t.equal((await gateway.fetch("/", bearer("one"))).status, 200);
  t.equal(asked, 2, "it lives by the tolerance alone");
});

t.test("the question is the one of RFC 7662", async (t) => {
  const settings = { endpoint, timeout: 1, clientId: "a:b", clientSecret: "c d&é" };
  const basic = questionOf("t+/=", { ...settings, clientAuth: "basic" });
  t.equal(basic.body, "token=t%2B%2F%3D&token_type_hint=access_token");
  t.equal(basic.headers["authorization"], `Basic ${btoa("a%3Ab:c+d%26%C3%A9")}`);
  const post = questionOf("t", { ...settings, clientAuth: "post" });
  t.equal(post.body, "token=t&token_type_hint=access_token&client_id=a%3Ab&client_secret=c+d%26%C3%A9");
  t.notOk("authorization" in post.headers);
  t.equal(questionOf("t", { ...settings, clientAuth: "bearer" }).headers["authorization"], "Bearer c d&é");
  t.notMatch(questionOf("t", { ...settings, clientAuth: "none" }).body, "secret");
  t.same(readAnswer('{"active":false,"sub":"admin"}'), null);
});

t.test("a config without a client is refused", async (t) => {
  const refused = async (settings: object, message: RegExp) => {
    await t.rejects(
      start(() => active, settings),
      { message },
    );
  };
  await refused({ clientSecret: "" }, /there is no clientSecret/);
  await refused({ clientId: "" }, /there is no clientId/);
  await refused({ endpoint: "ftp://a" }, /strategies\/0\/endpoint/);
  await refused({ audience: undefined }, /audience/);
});
