import { createHash } from "node:crypto";
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { isSame } from "../../../plugins/auth/constant-time.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

const hashOf = (key: string) => createHash("sha256").update(key).digest("hex");
const billing = { key: `sha256:${hashOf("secret")}`, subject: "billing" };
const withKeys = (settings: object = {}) => ({ type: "api-key", keys: [billing], ...settings });
const upstream = (request: Request) =>
  Response.json({ url: request.url, ...Object.fromEntries(request.headers) });
/** What the service saw, as it tells it. */
const seenBy = async (response: Response | Promise<Response>) =>
  (await (await response).json()) as Record<string, string>;
const start = (config: object, options: object = {}) =>
  testGateway({ plugins: [["auth", config]], upstream, ...options });

onEachEngine("a key that is known passes, and the service is told whose it is", async (t, engine) => {
  const keys = [{ ...billing, scopes: ["a:read", "b c"], groups: ["x,y", "z"], claims: { tenant: "Zoë" } }];
  const identityHeaders = { claims: { tenant: "x-tenant" } };
  await using gateway = await start({ strategies: [withKeys({ keys })], identityHeaders }, { engine });
  const response = await gateway.fetch("/", { headers: { "x-api-key": "secret" } });
  t.equal(response.status, 200);
  const seen = await seenBy(response);
  t.match(seen, {
    "x-auth-subject": "billing",
    "x-auth-method": "api-key",
    "x-auth-scopes": "a:read b%20c",
    "x-auth-groups": "x%2Cy,z",
    "x-tenant": "Zo%C3%AB",
  });
  t.notOk("x-api-key" in seen, "the service does not get the key");
  for (const headers of [
    {},
    { "x-api-key": "secre" },
    { "x-api-key": "" },
    { "x-api-key": "x".repeat(5000) },
  ]) {
    const denied = await gateway.fetch("/", { headers });
    t.equal(denied.status, 401);
    t.equal(denied.headers.get("www-authenticate"), 'ApiKey realm="api"');
    t.equal(denied.headers.get("content-type"), "application/problem+json");
    t.equal((await seenBy(denied))["code"], "unauthenticated");
  }
  t.same(gateway.faults, []);
});

onEachEngine("attack: identity fields of a client, and names that look like them", async (t, engine) => {
  const config = { strategies: [withKeys()], require: "none", identityHeaders: { strip: ["x-user-*"] } };
  await using gateway = await start(config, { engine });
  const forged = {
    "X-Auth-Subject": "admin",
    x_auth_subject: "admin",
    "X-Auth_Groups": "admin",
    "x.auth.scopes": "all",
    "x!auth~method": "jwt",
    X_User_Id: "1",
    "x-user-name": "admin",
    "x-authentic": "stays",
  };
  for (const headers of [forged, { ...forged, "x-api-key": "secret" }]) {
    const seen = await seenBy(gateway.fetch("/", { headers }));
    t.equal(seen["x-authentic"], "stays");
    const names = Object.keys(seen).filter((name) => /auth[^e]|user-|user_/.test(name));
    t.same(names, "x-api-key" in headers ? ["x-auth-method", "x-auth-subject"] : []);
    t.notMatch(JSON.stringify(seen), /admin/);
  }
  t.same(gateway.faults, []);
});

t.test("a key may come in the query or a cookie, and goes no further", async (t) => {
  await using gateway = await start({ strategies: [withKeys({ header: "", query: "k", cookie: "key" })] });
  const query = await seenBy(gateway.fetch("/a?x=1&k=secret&y=%20"));
  t.equal(query["url"], "http://localhost/a?x=1&y=%20");
  const headers = { cookie: "a=1; key=secret; b=2" };
  const cookie = await seenBy(gateway.fetch("/a", { headers }));
  t.equal(cookie["cookie"], "a=1; b=2");
  const commas = await seenBy(gateway.fetch("/a", { headers: { cookie: "a=1,2; key=secret;b=3,4;c" } }));
  t.equal(commas["cookie"], "a=1,2;b=3,4;c", "values of others keep their commas");
  t.equal((await gateway.fetch("/", { headers: { "x-api-key": "secret" } })).status, 401);
});

t.test(
  "attack: a key beside another of the same name, of which the service might read the other",
  async (t) => {
    await using gateway = await start({ strategies: [withKeys({ header: "", query: "k", cookie: "key" })] });
    t.equal((await gateway.fetch("/?k=secret&k=other")).status, 401);
    t.equal((await gateway.fetch("/?%6B=other&k=secret")).status, 401);
    t.equal((await gateway.fetch("/", { headers: { cookie: "key=secret; key=x" } })).status, 401);
    t.equal(gateway.metrics.counter("refused_ambiguous"), 3);
  },
);

t.test("attack: a cookie of another subdomain that is to pass for a `__Host-` cookie", async (t) => {
  const cookie = "__Host-key";
  await using gateway = await start({ strategies: [withKeys({ header: "", cookie })] });
  const statusWith = async (text: string) => (await gateway.fetch("/", { headers: { cookie: text } })).status;
  t.equal(await statusWith("a=1; __Host-key=secret"), 200);
  for (const forged of [
    "a=1,__Host-key=secret",
    "a=1, __Host-key=secret",
    "\xa0__Host-key=secret",
    "__Host-key\xa0=secret",
  ]) {
    t.equal(await statusWith(forged), 401, JSON.stringify(forged));
    t.equal(
      await statusWith(`${forged}; __Host-key=secret`),
      200,
      "nor does it stand in the way of the real one",
    );
  }
});

t.test("keys end at their time", async (t) => {
  const past = { key: hashOf("old"), subject: "old", expires: "2020-01-01" };
  const future = { key: hashOf("new"), subject: "new", expires: "2999-01-01T00:00:00Z" };
  await using gateway = await start({ strategies: [withKeys({ keys: [past, future] })] });
  t.equal((await gateway.fetch("/", { headers: { "x-api-key": "old" } })).status, 401);
  t.equal((await gateway.fetch("/", { headers: { "x-api-key": "new" } })).status, 200);
});

t.test("keys in a list", async (t) => {
  const list = `# partners\n\n${hashOf("p")} partner scopes=a,b groups=g expires=2999-01-01\r\n`;
  await using gateway = await start({ strategies: [{ type: "api-key", list }], requireScopes: ["b"] });
  const seen = await seenBy(gateway.fetch("/", { headers: { "x-api-key": "p" } }));
  t.match(seen, { "x-auth-subject": "partner", "x-auth-scopes": "a b", "x-auth-groups": "g" });
});

t.test("who lacks a scope or all groups is refused with 403", async (t) => {
  const keys = [{ ...billing, scopes: ["a"], groups: ["g"] }];
  const status = async (config: object) => {
    await using gateway = await start({ strategies: [withKeys({ keys })], ...config });
    return (await gateway.fetch("/", { headers: { "x-api-key": "secret" } })).status;
  };
  t.equal(await status({ requireScopes: ["a"], requireGroups: ["x", "g"] }), 200);
  t.equal(await status({ requireScopes: ["a", "b"] }), 403);
  t.equal(await status({ requireGroups: ["x"] }), 403);
});

t.test("with none, a request without a key goes on and one with a bad key does not", async (t) => {
  await using gateway = await start({ strategies: [withKeys()], require: "none" });
  t.equal((await gateway.fetch("/")).status, 200);
  t.equal((await gateway.fetch("/", { headers: { "x-api-key": "bad" } })).status, 401);
  await using scoped = await start({ strategies: [withKeys()], require: "none", requireScopes: ["a"] });
  t.equal((await scoped.fetch("/")).status, 401);
});

t.test("any takes one of several, all needs each", async (t) => {
  const second = withKeys({ header: "x-other", keys: [{ key: hashOf("2"), subject: "two", scopes: ["s"] }] });
  const config = { strategies: [withKeys(), second] };
  const both = { "x-api-key": "secret", "x-other": "2" };
  await using any = await start(config);
  t.equal((await any.fetch("/", { headers: { "x-other": "2", "x-api-key": "bad" } })).status, 200);
  await using all = await start({ ...config, require: "all" });
  t.equal((await all.fetch("/", { headers: { "x-other": "2" } })).status, 401);
  t.equal((await all.fetch("/", { headers: { ...both, "x-other": "3" } })).status, 401);
  const seen = await seenBy(all.fetch("/", { headers: both }));
  t.match(seen, {
    "x-auth-subject": "billing",
    "x-auth-method": "api-key+api-key",
    "x-auth-scopes": "s",
  });
});

t.test("a config that cannot be meant so is refused, without telling a key", async (t) => {
  const refused = async (strategy: object, message: RegExp) => {
    const error = await start({ strategies: [strategy] }).then(
      () => new Error("it was taken"),
      (reason: Error) => reason,
    );
    t.match(error.message, message);
    t.notMatch(error.message, /hunter2/);
  };
  await refused(withKeys({ keys: [{ key: "hunter2", subject: "a" }] }), /neither sha256:HEX nor plain:TEXT/);
  await refused(withKeys({ keys: [{ key: "plain:hunter2", subject: "a" }] }), /allowPlain is false/);
  await refused(withKeys({ keys: [{ key: billing.key }] }), /strategies\/0\/keys\/0\/subject is missing/);
  await refused(withKeys({ keys: [billing, billing] }), /twice/);
  await refused(withKeys({ keys: [{ ...billing, expires: "soon" }] }), /expires of the key of billing/);
  await refused({ type: "api-key", list: "hunter2" }, /line 1 names no subject/);
  await refused({ type: "api-key", list: "\nhunter2 a role=admin" }, /line 2 has something else/);
  await refused(withKeys({ header: "" }), /no place for a key/);
  await refused(withKeys({ heder: "x" }), /heder is not a setting/);
  await refused({ type: "api-key" }, /there are no keys/);
  await refused({ type: "apikey" }, /is not one of api-key, basic, .*jwt/);
});

t.test("without keys a strategy may start closed, and then refuses everything", async (t) => {
  await using gateway = await start({ strategies: [{ type: "api-key", onStart: "closed" }] });
  t.equal((await gateway.fetch("/")).status, 401);
  t.equal((await gateway.fetch("/", { headers: { "x-api-key": "" } })).status, 401);
  t.match(gateway.log, [{ level: "warn", message: /not ready/ }]);
});

t.test("plain keys are taken where they are allowed", async (t) => {
  const keys = [{ key: "plain:open sesame", subject: "dev" }];
  await using gateway = await start({ strategies: [withKeys({ keys, allowPlain: true })] });
  t.equal((await gateway.fetch("/", { headers: { "x-api-key": "open sesame" } })).status, 200);
});

t.test("through a real listener", async (t) => {
  const service = await startUpstream(t, () => ok("here"));
  const { ask } = await startBuiltInGateway(t, service.address, [
    { plugin: "auth", config: { strategies: [{ ...withKeys() }], require: "any" } },
  ]);
  t.equal((await ask(get("/"))).status, 401);
  t.equal((await ask(get("/", "X-Api-Key: secret", "X_Auth_Subject: admin"))).status, 200);
});

t.test("isSame looks at every byte", async (t) => {
  const bytes = (length: number) => new Uint8Array(length).fill(7);
  t.ok(isSame(bytes(32), bytes(32)));
  t.notOk(isSame(bytes(32), bytes(31)));
  for (let at = 0; at < 32; at++) t.notOk(isSame(bytes(32), bytes(32).fill(8, at, at + 1)), `${at}`);
  let read = 0;
  const counted = new Proxy(bytes(32).fill(0), {
    get(target, key) {
      if (key === "length") return target.length;
      read++;
      return Reflect.get(target, key);
    },
  });
  t.notOk(isSame(counted, bytes(32)));
  t.equal(read, 32, "also when the first one differs");
});
