import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { until } from "../../net/until.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { browserOf, secret, site, startLoginGateway } from "./oidc-gateway.ts";
import { startProvider } from "./provider.ts";

t.teardown(stopBundler);
t.setTimeout(120_000);

const users = {
  alice: { name: "Alice", email: "alice@example.com", email_verified: true, groups: ["staff"] },
};

onEachEngine("a browser logs in at the provider and comes back to the page it wanted", async (t, engine) => {
  const provider = await startProvider(t, [site], { users });
  await using gateway = await startLoginGateway(provider, { engine });
  const browser = browserOf(gateway);
  const page = await browser.go(`${site}/orders?page=2`);
  t.equal(page.status, 200, page.text);
  t.equal(page.url, `${site}/orders?page=2`);
  const seen = JSON.parse(page.text);
  t.match(seen, { "x-auth-subject": "alice", "x-auth-method": "oidc", "x-auth-groups": "staff" });
  t.notOk("cookie" in seen, "the service gets none of the login's cookies");
  t.same([...browser.jar(site).keys()], ["__Host-session"], "that of the login is gone");
  const again = await browser.go(`${site}/again`);
  t.same(again.hops, []);
  t.equal(provider.count("POST /token"), 1);
  t.same(gateway.faults, []);
});

onEachEngine("scripts, forms and programs get 401 and are sent nowhere", async (t, engine) => {
  const provider = await startProvider(t, [site]);
  await using gateway = await startLoginGateway(provider, { engine });
  const browser = browserOf(gateway);
  for (const page of [
    await browser.fetch(`${site}/api`),
    await browser.go(`${site}/form`, { method: "POST" }),
    await browser.go(`${site}/socket`, { headers: { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" } }),
  ]) {
    t.equal(page.status, 401);
    t.same(page.hops, []);
    t.equal(page.headers.get("content-type"), "application/problem+json");
    t.match(page.headers.get("www-authenticate"), /^Session /);
    t.equal(page.headers.get("set-cookie"), null);
  }
  const plain = await gateway.fetch("/", { headers: { accept: "application/json" } });
  t.equal(plain.status, 401);
  const old = await gateway.fetch("/", { headers: { accept: "text/html" }, redirect: "manual" });
  t.equal(old.status, 303, "a browser that does not say more than that it wants a page");
  t.equal(old.headers.get("cache-control"), "no-store");
});

t.test("several tabs log in at the same time, and one that waits keeps what it needs", async (t) => {
  const provider = await startProvider(t, [site]);
  await using gateway = await startLoginGateway(provider);
  const browser = browserOf(gateway);
  const first = await browser.go(`${site}/first`, { follow: 0 });
  const second = await browser.go(`${site}/second`);
  t.equal(second.url, `${site}/second`);
  const late = await browser.go(first.headers.get("location")!);
  t.equal(late.url, `${site}/first`);
  t.equal(late.status, 200);
});

t.test("a browser keeps what the newest of many tabs need", async (t) => {
  const provider = await startProvider(t, [site]);
  await using gateway = await startLoginGateway(provider);
  const browser = browserOf(gateway);
  const links: string[] = [];
  for (let tab = 0; tab < 10; tab++) {
    links.push((await browser.go(`${site}/${tab}`, { follow: 0 })).headers.get("location")!);
  }
  t.equal(browser.jar(site).size, 6);
  t.equal((await browser.go(links[9]!)).url, `${site}/9`);
  t.equal((await browser.go(links[4]!)).url, `${site}/4`);
  t.equal((await browser.go(links[3]!)).url, `${site}/`, "one that has to do without goes to the root");
});

t.test("the provider's other ways to know this proxy", async (t) => {
  const { generateKeyPair, exportJWK } = await import("jose");
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "1", use: "sig", alg: "ES256" }] };
  const key = JSON.stringify(await exportJWK(privateKey));
  for (const [client, oidc] of [
    [{ token_endpoint_auth_method: "client_secret_post" }, { clientAuth: "post" }],
    [{ token_endpoint_auth_method: "none" }, { clientAuth: "none", clientSecret: "" }],
    [
      { token_endpoint_auth_method: "private_key_jwt", jwks },
      { clientAuth: "private-key-jwt", clientKey: { key, kid: "1" } },
    ],
    [{ id_token_signed_response_alg: "RS256" }, {}],
  ]) {
    const provider = await startProvider(t, [site], { client: client! });
    await using gateway = await startLoginGateway(provider, { oidc: oidc! });
    const page = await browserOf(gateway).go(`${site}/`);
    t.equal(page.status, 200, JSON.stringify(client));
  }
});

onEachEngine("an access token that ends is refreshed, once for all requests", async (t, engine) => {
  const provider = await startProvider(t, [site], { users, accessTokenFor: 2 });
  const oidc = { forward: "authorization", refreshBefore: 1 };
  await using gateway = await startLoginGateway(provider, { engine, oidc });
  const browser = browserOf(gateway);
  const first = JSON.parse((await browser.go(`${site}/`)).text);
  t.match(first.authorization, /^Bearer \S+$/);
  const before = new Map(browser.jar(site));
  await until(async () => {
    const cookie = [...before].map(([name, value]) => `${name}=${value}`).join("; ");
    const all = await Promise.all(
      Array.from({ length: 8 }, () => gateway.fetch("/", { headers: { cookie } })),
    );
    const seen = await Promise.all(all.map(async (one) => (await one.json()) as Record<string, string>));
    t.same(new Set(all.map(({ status }) => status)), new Set([200]));
    return seen.every(({ authorization }) => authorization !== first.authorization);
  });
  t.equal(provider.count("POST /token"), 2, "a login and a refresh");
  const response = await gateway.fetch("/", {
    headers: { cookie: [...before].map(([name, value]) => `${name}=${value}`).join("; ") },
  });
  t.match(
    response.headers.getSetCookie(),
    [/^__Host-session=/],
    "who still has the old one gets the new one",
  );
  t.equal(response.headers.get("cache-control"), "no-store");
  t.same(gateway.faults, []);
});

t.test("a session whose refresh the provider refuses is over", async (t) => {
  const provider = await startProvider(t, [site], { accessTokenFor: 1 });
  await using gateway = await startLoginGateway(provider, { oidc: { refreshBefore: 0, cooldown: 0 } });
  const browser = browserOf(gateway);
  t.equal((await browser.go(`${site}/`)).status, 200);
  await provider.rotateKeys();
  await until(async () => (await browser.fetch(`${site}/api`)).status === 401);
  t.equal((await browser.go(`${site}/`)).status, 200, "a page leads to another login, with the new keys");
});

onEachEngine("a logout ends the session here and at the provider", async (t, engine) => {
  const provider = await startProvider(t, [site]);
  await using gateway = await startLoginGateway(provider, { engine });
  const browser = browserOf(gateway);
  await browser.go(`${site}/`);
  const copy = browser.jar(site).get("__Host-session")!;
  const own = { "sec-fetch-site": "same-origin" };
  const page = await browser.go(`${site}/oauth2/logout`, { method: "POST", headers: own, follow: 0 });
  t.equal(page.status, 303);
  const target = new URL(page.headers.get("location")!);
  t.equal(target.origin + target.pathname, `${provider.issuer}/session/end`);
  t.equal(target.searchParams.get("post_logout_redirect_uri"), `${site}/`);
  t.equal(target.searchParams.get("client_id"), "gateway");
  t.ok(target.searchParams.get("id_token_hint"));
  t.same([...browser.jar(site)], []);
  const asked = await browser.go(target.href);
  t.match(asked.text, "logout", "the provider takes it");
  t.equal(asked.status, 200);
  const headers = { cookie: `__Host-session=${copy}` };
  t.equal(
    (await gateway.fetch("/", { headers })).status,
    401,
    "attack: a copy of the cookie that was logged out",
  );
  await until(() => provider.count("POST /token/revocation") === 1);
  t.same(gateway.faults, []);
});

t.test("attack: another site, or a link in a mail, logs the user out", async (t) => {
  const provider = await startProvider(t, [site]);
  await using gateway = await startLoginGateway(provider);
  const browser = browserOf(gateway);
  await browser.go(`${site}/`);
  const path = `${site}/oauth2/logout`;
  const evil = { origin: "https://evil.test", "sec-fetch-site": "cross-site" };
  const navigation = { "sec-fetch-mode": "navigate" };
  const cookie = [...browser.jar(site)].map(([name, value]) => `${name}=${value}`).join("; ");
  for (const [method, fields, status] of [
    ["POST", { ...evil, ...navigation }, 403],
    ["GET", evil, 403],
    ["GET", { "sec-fetch-site": "same-site" }, 403],
    ["GET", { referer: "http://localhost.evil.test/" }, 403],
    ["GET", { ...navigation, "sec-fetch-site": "cross-site" }, 200],
    ["GET", { ...navigation, "sec-fetch-site": "none" }, 200],
  ] as const) {
    const headers = { ...fields, cookie };
    const response = await gateway.fetch(path, { method, headers, redirect: "manual" });
    t.equal(response.status, status, JSON.stringify(fields));
    t.equal(response.headers.get("set-cookie"), null);
  }
  t.equal((await browser.go(path, { method: "DELETE" })).status, 405);
  t.equal((await browser.go(`${site}/`)).hops.length, 0, "the session is as it was");
  const asked = await browser.go(path);
  t.match(asked.text, '<form method="post" action="/oauth2/logout">', "the user is asked");
  t.match(asked.headers.get("content-security-policy"), "frame-ancestors 'none'", "in no frame of others");
});

t.test("back and reload show an old answer, and the session stays", async (t) => {
  const provider = await startProvider(t, [site]);
  await using gateway = await startLoginGateway(provider);
  const browser = browserOf(gateway);
  const page = await browser.go(`${site}/orders`);
  const answer = page.hops.find((hop) => hop.startsWith(`${site}/oauth2/callback`))!;
  const session = browser.jar(site).get("__Host-session");
  const again = await browser.go(answer);
  t.equal(again.url, `${site}/`);
  t.equal(again.status, 200);
  t.equal(browser.jar(site).get("__Host-session"), session);
  t.equal(provider.count("POST /token"), 1);
});

onEachEngine("a provider that takes its time ends in 503, and in no fault", async (t, engine) => {
  const provider = await startProvider(t, [site]);
  await using gateway = await startLoginGateway(provider, { engine, wall: 600 });
  provider.intercept = (request) => request.url === "/token";
  const page = await browserOf(gateway).go(`${site}/`);
  t.equal(page.status, 503);
  t.match(JSON.parse(page.text), { code: "provider_slow" });
  t.equal(page.headers.get("retry-after"), "5");
  t.same(gateway.faults, []);
});

t.test("claims decide who is let in", async (t) => {
  const provider = await startProvider(t, [site], {
    users: { ...users, mallory: { email: "m@example.com", email_verified: false } },
  });
  const oidc = { requireClaims: { email_verified: [true] }, subjectClaim: "email" };
  await using gateway = await startLoginGateway(provider, { oidc });
  provider.user = "mallory";
  const refused = await browserOf(gateway).go(`${site}/`);
  t.equal(refused.status, 403);
  t.match(JSON.parse(refused.text), { code: "user_not_allowed" });
  provider.user = "alice";
  const page = await browserOf(gateway).go(`${site}/`);
  t.match(JSON.parse(page.text), { "x-auth-subject": "alice@example.com" });
});

t.test("a user who says no at the provider gets 403", async (t) => {
  const provider = await startProvider(t, [site]);
  await using gateway = await startLoginGateway(provider);
  provider.user = null;
  const browser = browserOf(gateway);
  const page = await browser.go(`${site}/`);
  t.equal(page.status, 403);
  t.match(JSON.parse(page.text), { code: "refused_by_provider" });
  t.same([...browser.jar(site)], [], "nothing of the login is left");
});

t.test("claims of the userinfo endpoint are added", async (t) => {
  const provider = await startProvider(t, [site], { users });
  const oidc = { userinfo: true, claims: ["email"] };
  const policy = { identityHeaders: { claims: { email: "x-email" } } };
  await using gateway = await startLoginGateway(provider, { oidc, policy });
  const page = await browserOf(gateway).go(`${site}/`);
  t.match(JSON.parse(page.text), { "x-email": "alice@example.com" });
  t.equal(provider.count("GET /me"), 1);
});

t.test("secrets are rotated without a logout", async (t) => {
  const provider = await startProvider(t, [site]);
  const next = "f".repeat(32);
  await using old = await startLoginGateway(provider);
  const browser = browserOf(old);
  await browser.go(`${site}/`);
  const cookie = [...browser.jar(site)].map(([name, value]) => `${name}=${value}`).join("; ");
  for (const [secrets, status] of [
    [[next, secret], 200],
    [[next], 401],
  ] as const) {
    await using gateway = await startLoginGateway(provider, { oidc: { session: { secrets } } });
    t.equal((await gateway.fetch("/", { headers: { cookie } })).status, status);
  }
});

t.test("a session ends after its lifetime, or when nobody used it", async (t) => {
  for (const session of [{ lifetime: 1 }, { idle: 1 }]) {
    const provider = await startProvider(t, [site]);
    const oidc = { session: { secrets: [secret], ...session } };
    await using gateway = await startLoginGateway(provider, { oidc });
    const browser = browserOf(gateway);
    t.equal((await browser.go(`${site}/`)).status, 200);
    const cookie = [...browser.jar(site)].map(([name, value]) => `${name}=${value}`).join("; ");
    await until(async () => (await gateway.fetch("/", { headers: { cookie } })).status === 401);
  }
});

onEachEngine("without the provider it does not start, or starts closed", async (t, engine) => {
  const provider = await startProvider(t, [site]);
  provider.intercept = (_, response) => {
    response.writeHead(500).end();
    return true;
  };
  await t.rejects(startLoginGateway(provider, { engine }), { message: /could not be fetched: status 500/ });
  const oidc = { cooldown: 0 };
  const policy = { require: "none" };
  await using gateway = await startLoginGateway(provider, { engine, onStart: "closed", oidc, policy });
  const browser = browserOf(gateway);
  const callback = `${site}/oauth2/callback?code=a&state=${"a".repeat(43)}`;
  t.equal((await browser.go(callback)).status, 400);
  provider.intercept = () => false;
  const page = await browser.go(`${site}/`);
  t.equal(page.status, 200);
  t.notOk("x-auth-subject" in JSON.parse(page.text), "nobody has to log in here");
  t.same(gateway.faults, []);
});

t.test("while the provider cannot be asked, nobody is let in and sessions go on", async (t) => {
  const provider = await startProvider(t, [site]);
  await using gateway = await startLoginGateway(provider, {
    oidc: { cooldown: 0, cacheFor: 1, staleFor: 0 },
  });
  const browser = browserOf(gateway);
  await browser.go(`${site}/`);
  provider.intercept = (request) => {
    request.socket.destroy();
    return true;
  };
  const stranger = () => browserOf(gateway).go(`${site}/`, { follow: 0 });
  await until(async () => (await stranger()).status === 503);
  t.match(JSON.parse((await stranger()).text), { code: "provider_unavailable" });
  t.equal((await browser.go(`${site}/`)).status, 200);
});

t.test("a login can be asked for where none is needed, and leads back to a path of this site", async (t) => {
  const provider = await startProvider(t, [site]);
  const settings = { oidc: { loginPath: "/oauth2/login" }, policy: { require: "none" } };
  await using gateway = await startLoginGateway(provider, settings);
  const browser = browserOf(gateway);
  t.notOk("x-auth-subject" in JSON.parse((await browser.go(`${site}/`)).text));
  const page = await browser.go(`${site}/oauth2/login?return=${encodeURIComponent("/orders?page=2")}`);
  t.equal(page.url, `${site}/orders?page=2`);
  t.match(JSON.parse(page.text), { "x-auth-subject": "alice" });
});

t.test(
  "a page that needs a group leads to a login, and who is not in it gets 403 and no circle",
  async (t) => {
    const provider = await startProvider(t, [site], { users });
    const policy = { require: "none", requireGroups: ["staff"] };
    await using gateway = await startLoginGateway(provider, { policy });
    const page = await browserOf(gateway).go(`${site}/`);
    t.match(JSON.parse(page.text), { "x-auth-subject": "alice" });
    t.equal((await gateway.fetch("/")).status, 401);
    provider.user = "bob";
    const stopped = await browserOf(gateway).go(`${site}/`);
    t.equal(stopped.status, 403);
    t.equal(provider.count("POST /token"), 2);
  },
);

onEachEngine(
  "it stands beside strategies of programs, and behind those that have to hold too",
  async (t, engine) => {
    const { createHash } = await import("node:crypto");
    const provider = await startProvider(t, [site]);
    const { oidcConfig } = await import("./oidc-gateway.ts");
    const key = createHash("sha256").update("key").digest("hex");
    const apiKey = { type: "api-key", keys: [{ key, subject: "robot" }] };
    const own = oidcConfig(provider);
    const any = { strategies: [own, apiKey] };
    await using either = await startLoginGateway(provider, { engine, policy: any });
    const browser = browserOf(either);
    t.match(JSON.parse((await browser.go(`${site}/`)).text), { "x-auth-subject": "alice" });
    const cookie = `__Host-session=${browser.jar(site).get("__Host-session")}; other=1`;
    const robot = await either.fetch("/", { headers: { "x-api-key": "key" } });
    t.match(await robot.json(), { "x-auth-subject": "robot" });
    const program = await either.fetch("/", { headers: { "x-api-key": "bad" } });
    t.equal(program.status, 401);
    await using both = await startLoginGateway(provider, { engine, policy: { ...any, require: "all" } });
    const page = await both.fetch("/", {
      headers: { cookie, "sec-fetch-mode": "navigate" },
      redirect: "manual",
    });
    t.equal(page.status, 401, "another login would not help");
    const all = await both.fetch("/", { headers: { cookie, "x-api-key": "key" } });
    t.match(await all.json(), { "x-auth-method": "oidc+api-key", cookie: "other=1" });
    await using first = await startLoginGateway(provider, { engine, policy: { strategies: [apiKey, own] } });
    const hidden = await first.fetch("/", { headers: { cookie, "x-api-key": "key" } });
    t.match(
      await hidden.json(),
      { "x-auth-method": "api-key", cookie: "other=1" },
      "the service does not get it",
    );
    t.same([...either.faults, ...both.faults, ...first.faults], []);
  },
);
