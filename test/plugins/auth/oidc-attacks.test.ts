/** What others do to the logins of a site: each test has the name of an attack. */
import { createHmac } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { type TestGateway, testGateway } from "../../../core/testing/index.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import type { Browser, Page } from "./browser.ts";
import { type FakeProvider, fakeProvider } from "./fake-provider.ts";
import {
  browserOf,
  type LoginSettings,
  oidcConfig,
  secret,
  site,
  startLoginGateway,
} from "./oidc-gateway.ts";
import { clientSecret, startProvider } from "./provider.ts";
import { base64Url, newSigner, sign } from "./tokens.ts";

t.teardown(stopBundler);
t.setTimeout(120_000);

const callback = `${site}/oauth2/callback`;

function start(provider: FakeProvider, settings: LoginSettings = {}): Promise<TestGateway> {
  return startLoginGateway(provider, { fetch: provider.fetch, ...settings });
}

/** Goes to the fake provider, and leaves the answer to the test. */
async function ask(browser: Browser, provider: FakeProvider, path = "/"): Promise<URLSearchParams> {
  const page = await browser.go(`${site}${path}`, { follow: 0 });
  provider.question = new URL(page.headers.get("location")!).searchParams;
  return provider.question;
}

function answer(question: URLSearchParams, more: Record<string, string> = {}): string {
  return `${callback}?${new URLSearchParams({ code: "a code", state: question.get("state")!, ...more })}`;
}

/** A whole login at the fake provider. */
async function login(browser: Browser, provider: FakeProvider, path = "/"): Promise<Page> {
  return browser.go(answer(await ask(browser, provider, path)));
}

function code({ text }: Page): string {
  return JSON.parse(text).code;
}

function cookieOf(browser: Browser): string {
  return [...browser.jar(site)].map(([name, value]) => `${name}=${value}`).join("; ");
}

async function statusWith(gateway: TestGateway, cookie: string): Promise<number> {
  const response = await gateway.fetch("/", { headers: { cookie } });
  await response.body?.cancel();
  return response.status;
}

onEachEngine("attack: a forged state", async (t, engine) => {
  const provider = await fakeProvider();
  await using gateway = await start(provider, { engine });
  const browser = browserOf(gateway);
  const question = await ask(browser, provider);
  const own = question.get("state")!;
  const states = [
    "",
    "x",
    "a".repeat(43),
    `${own.slice(0, 8)}${"a".repeat(35)}`,
    `${own}a`,
    own.toLowerCase(),
  ];
  for (const state of states) {
    const page = await browser.go(`${callback}?code=a&state=${state}`);
    t.equal(page.status, 400, state);
  }
  t.equal(provider.calls.length, 0, "the provider is not asked");
  t.same(gateway.faults, []);
});

t.test("attack: an answer that can be read in two ways", async (t) => {
  const provider = await fakeProvider();
  await using gateway = await start(provider);
  const browser = browserOf(gateway);
  const url = answer(await ask(browser, provider));
  for (const more of ["&code=b", "&state=b", "&error=x", "&iss=a&iss=b"]) {
    const page = await browser.go(`${url}${more}`);
    t.equal(code(page), "malformed_answer", more);
  }
  t.equal((await browser.go(url, { method: "POST" })).status, 405);
  t.equal(provider.calls.length, 0);
  t.equal((await browser.go(url)).status, 200, "the login is as it was");
});

onEachEngine(
  "attack: login CSRF, a browser is given the answer to somebody else's login",
  async (t, engine) => {
    const provider = await startProvider(t, [site]);
    await using gateway = await startLoginGateway(provider, { engine });
    provider.user = "mallory";
    const mallory = browserOf(gateway);
    const stopped = await mallory.go(`${site}/`, { follow: 2 });
    const link = stopped.headers.get("location")!;
    const landing = await mallory.go(link, { follow: 0 });
    const bait = landing.headers.get("location") ?? link;
    t.match(bait, /^http:\/\/localhost\/oauth2\/callback\?code=/);
    const victim = browserOf(gateway);
    const page = await victim.go(bait);
    t.equal(page.status, 400);
    t.equal(code(page), "unknown_login");
    t.same([...victim.jar(site)], []);
    await victim.go(`${site}/`, { follow: 0 });
    t.equal((await victim.go(bait)).status, 400, "nor with a login of its own under way");
    t.equal(provider.count("POST /token"), 0);
  },
);

t.test("attack: a callback is replayed", async (t) => {
  const provider = await startProvider(t, [site]);
  await using gateway = await startLoginGateway(provider);
  const browser = browserOf(gateway);
  const first = await browser.go(`${site}/`, { follow: 0 });
  const kept = new Map(browser.jar(site));
  const page = await browser.go(first.headers.get("location")!);
  const url = page.hops.find((hop) => hop.startsWith(callback))!;
  const thief = browserOf(gateway);
  for (const [name, value] of kept) thief.jar(site).set(name, value);
  const replayed = await thief.go(url);
  t.equal(replayed.status, 400);
  t.equal(code(replayed), "used_login");
  t.equal(provider.count("POST /token"), 1);
});

t.test(
  "attack: codes that are none are to fill the memory that holds which sessions have ended",
  async (t) => {
    const provider = await fakeProvider();
    await using gateway = await start(provider);
    const browser = browserOf(gateway);
    const url = answer(await ask(browser, provider));
    const headers = { cookie: cookieOf(browser) };
    provider.status = 400;
    provider.answer = { error: "invalid_grant" };
    for (let turn = 0; turn < 3; turn++) {
      const page = await browserOf(gateway).go(url, { headers });
      t.equal(code(page), "refused_code", "nothing is remembered of it");
    }
    provider.status = 200;
    provider.answer = {};
    t.equal((await browserOf(gateway).go(url, { headers, follow: 0 })).status, 303);
    t.equal(code(await browserOf(gateway).go(url, { headers })), "used_login", "what was good is good once");
  },
);

t.test("attack: mix-up, the answer is another provider's", async (t) => {
  const provider = await fakeProvider();
  await using gateway = await start(provider);
  const browser = browserOf(gateway);
  for (const iss of ["https://evil.test", `${provider.issuer}/`, ""]) {
    const page = await browser.go(answer(await ask(browser, provider), { iss }));
    t.equal(code(page), "other_issuer", iss);
  }
  t.equal(provider.calls.length, 0, "nobody gets the code");
  provider.metadata = { authorization_response_iss_parameter_supported: true };
  await using strict = await start(provider);
  const other = browserOf(strict);
  t.equal(
    code(await other.go(answer(await ask(other, provider)))),
    "other_issuer",
    "none where one is promised",
  );
  const { issuer: iss } = provider;
  t.equal((await other.go(answer(await ask(other, provider), { iss }))).status, 200);
});

t.test("attack: a stolen code is put into another login", async (t) => {
  const provider = await startProvider(t, [site]);
  await using gateway = await startLoginGateway(provider);
  const victim = browserOf(gateway);
  const asked = await victim.go(`${site}/`, { follow: 2 });
  const landing = await victim.go(asked.headers.get("location")!, { follow: 0 });
  const stolen = new URL(landing.headers.get("location")!).searchParams.get("code")!;
  const mallory = browserOf(gateway);
  const own = await mallory.go(`${site}/`, { follow: 0 });
  const state = new URL(own.headers.get("location")!).searchParams.get("state")!;
  const page = await mallory.go(
    `${callback}?${new URLSearchParams({ code: stolen, state, iss: provider.issuer })}`,
  );
  t.equal(page.status, 400);
  t.equal(code(page), "refused_code", "PKCE");
  t.notOk(mallory.jar(site).has("__Host-session"));
});

t.test("attack: a stolen code where the provider does not look at PKCE", async (t) => {
  const provider = await fakeProvider();
  await using gateway = await start(provider);
  const browser = browserOf(gateway);
  provider.claims = { nonce: "of the victim's login" };
  t.equal(code(await login(browser, provider)), "id_token_nonce");
  provider.claims = { nonce: undefined };
  t.equal(code(await login(browser, provider)), "id_token_nonce");
});

onEachEngine("attack: ID tokens that are not for this login", async (t, engine) => {
  const provider = await fakeProvider();
  await using gateway = await start(provider, { engine });
  t.equal((await login(browserOf(gateway), provider)).status, 200);
  const now = Math.floor(Date.now() / 1000);
  for (const [claims, reason] of [
    [{ iss: "https://evil.test" }, "id_token_claims"],
    [{ aud: "another client" }, "id_token_claims"],
    [{ aud: [] }, "id_token_claims"],
    [{ aud: ["gateway", "other"] }, "id_token_party"],
    [{ azp: "other" }, "id_token_party"],
    [{ aud: ["gateway", "other"], azp: "other" }, "id_token_party"],
    [{ exp: now - 60 }, "id_token_expired"],
    [{ exp: undefined }, "id_token_claims"],
    [{ iat: undefined }, "id_token_claims"],
    [{ nbf: now + 600 }, "id_token_claims"],
    [{ sub: "" }, "id_token_claims"],
    [{ sub: 1 }, "id_token_claims"],
    [{ sub: "a".repeat(256) }, "id_token_claims"],
    [{ at_hash: "AAAAAAAAAAAAAAAAAAAAAA" }, "id_token_at_hash"],
    [{ at_hash: 1 }, "id_token_at_hash"],
  ] as const) {
    provider.claims = claims;
    const page = await login(browserOf(gateway), provider);
    t.equal(page.status, 502);
    t.equal(code(page), reason, JSON.stringify(claims));
  }
  provider.claims = { aud: ["gateway", "other"], azp: "gateway", at_hash: undefined };
  t.equal((await login(browserOf(gateway), provider)).status, 200);
  t.same(gateway.faults, []);
});

onEachEngine(
  "attack: ID tokens without a signature, or signed with what is no key of the provider",
  async (t, engine) => {
    const provider = await fakeProvider();
    await using gateway = await start(provider, { engine });
    const browser = browserOf(gateway);
    const stranger = await newSigner("ES256", "1");
    const body = (claims: object) =>
      base64Url({ iss: provider.issuer, sub: "alice", iat: 1, exp: Date.now(), ...claims });
    const hmac = (key: string) => (claims: object) => {
      const text = `${base64Url({ alg: "HS256" })}.${body(claims)}`;
      return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
    };
    const forgeries: Record<string, NonNullable<FakeProvider["token"]>> = {
      none: (claims) => `${base64Url({ alg: "none" })}.${body(claims)}.`,
      "none with a signature": (claims) => `${base64Url({ alg: "none" })}.${body(claims)}.AAAA`,
      "HS256 with the client's secret": hmac(clientSecret),
      "HS256 with the public key": hmac(JSON.stringify(provider.signer.jwk)),
      "another key of the same name": (claims) => sign(stranger, claims),
      "another name": (claims) => sign(provider.signer, claims, { kid: "2" }),
      "a key in the token": (claims) => sign(stranger, claims, { jwk: stranger.jwk }),
      "a changed claim": async (claims) => {
        const [head, , signature] = (await sign(provider.signer, claims)).split(".");
        return `${head}.${body({ ...claims, sub: "root" })}.${signature}`;
      },
      "no token": () => "alice",
      "too long": (claims) => sign(provider.signer, { ...claims, pad: "x".repeat(8192) }),
    };
    for (const [name, token] of Object.entries(forgeries)) {
      provider.token = token;
      const page = await login(browser, provider);
      t.equal(page.status, 502, name);
      t.match(code(page), /^id_token_/, name);
      t.notOk(browser.jar(site).has("__Host-session"), name);
    }
    t.same(gateway.faults, []);
  },
);

t.test("attack: answers of the token endpoint that are none, or too large", async (t) => {
  const provider = await fakeProvider();
  await using gateway = await start(provider);
  const browser = browserOf(gateway);
  for (const answer of [
    { access_token: undefined },
    { access_token: 1 },
    { access_token: "a\r\nx-evil: 1" },
    { access_token: "a".repeat(20_000) },
    { token_type: "mac" },
    { id_token: undefined },
    { refresh_token: {} },
    { pad: "x".repeat(300_000) },
  ]) {
    provider.answer = answer;
    t.equal((await login(browser, provider)).status, 502, JSON.stringify(answer).slice(0, 40));
  }
  provider.answer = { error: "invalid_client", error_description: "secret" };
  provider.status = 401;
  const page = await login(browser, provider);
  t.equal(page.status, 502);
  t.notMatch(page.text, "secret");
  provider.status = 400;
  provider.answer = { error: "invalid_grant" };
  t.equal((await login(browser, provider)).status, 400);
  t.notOk(browser.jar(site).has("__Host-session"));
  t.same(gateway.faults, []);
});

t.test("attack: a session that no browser can keep", async (t) => {
  const provider = await fakeProvider();
  await using gateway = await start(provider, { oidc: { claims: ["big"] } });
  const browser = browserOf(gateway);
  provider.claims = { big: "x".repeat(5000) };
  t.equal((await login(browser, provider)).status, 200);
  t.same(
    [...browser.jar(site).keys()],
    ["__Host-session", "__Host-session.1"],
    "the ID token, of which only the logout has a use, has no room",
  );
  provider.claims = { big: "x".repeat(50) };
  const kept = browser.jar(site).get("__Host-session")!;
  browser.jar(site).set("__Host-session", "gone");
  await login(browser, provider);
  t.same([...browser.jar(site).keys()], ["__Host-session"], "no part of the longer one is left");
  t.not(browser.jar(site).get("__Host-session"), kept);
  await using forwarding = await start(provider, { oidc: { claims: ["big"], forward: "x-token" } });
  const other = browserOf(forwarding);
  provider.claims = { big: "x".repeat(5000) };
  provider.answer = { access_token: "a".repeat(9000) };
  t.equal(code(await login(other, provider)), "id_token_at_hash");
  provider.claims = { big: "x".repeat(5000), at_hash: undefined };
  t.equal(code(await login(other, provider)), "session_too_large");
});

onEachEngine("attack: parts of a session's cookies are cut off, exchanged or doubled", async (t, engine) => {
  const provider = await fakeProvider();
  await using gateway = await start(provider, { engine, oidc: { claims: ["big"] } });
  const browser = browserOf(gateway);
  provider.claims = { big: "x".repeat(3000) };
  await login(browser, provider);
  const whole = cookieOf(browser);
  const [first, second, third] = whole.split("; ") as [string, string, string];
  t.equal(await statusWith(gateway, whole), 200);
  t.equal(await statusWith(gateway, [third, first, second].join("; ")), 200, "their order means nothing");
  const value = (pair: string) => pair.slice(pair.indexOf("=") + 1);
  for (const cookie of [
    first,
    [first, second].join("; "),
    [second, third].join("; "),
    [first, second, third.slice(0, -4)].join("; "),
    [first.slice(0, -4), second, third].join("; "),
    [first, `__Host-session.1=${value(third)}`, `__Host-session.2=${value(second)}`].join("; "),
    [whole, first].join("; "),
    [whole, second].join("; "),
    whole.replace("=3.", "=2."),
    whole.replace("=3.", "=4."),
    whole.replace("=3.", "=9."),
    whole.replace("=3.", "="),
    `__Host-session=1.${value(first).slice(2)}${value(second)}${value(third)}x`,
  ]) {
    t.equal(await statusWith(gateway, cookie), 401, cookie.slice(0, 60));
  }
  t.same(gateway.faults, []);
});

onEachEngine("attack: a changed bit of the session's cookie", async (t, engine) => {
  const provider = await fakeProvider();
  await using gateway = await start(provider, { engine });
  const browser = browserOf(gateway);
  await login(browser, provider);
  const value = browser.jar(site).get("__Host-session")!;
  t.equal(await statusWith(gateway, `__Host-session=${value}`), 200);
  for (let place = 2; place < value.length; place += 7) {
    const other = value[place] === "A" ? "B" : "A";
    const changed = `${value.slice(0, place)}${other}${value.slice(place + 1)}`;
    t.equal(await statusWith(gateway, `__Host-session=${changed}`), 401, `at ${place}`);
  }
  t.same(gateway.faults, []);
});

t.test("attack: the session of another deployment", async (t) => {
  const provider = await fakeProvider();
  await using own = await start(provider);
  const browser = browserOf(own);
  await login(browser, provider);
  const cookie = cookieOf(browser);
  t.equal(await statusWith(own, cookie), 200);
  for (const oidc of [
    { clientId: "another" },
    { session: { secrets: ["another secret of 32 characters!"] } },
    { session: { secrets: [secret], domain: "example.com" } },
  ]) {
    await using other = await start(provider, { oidc });
    t.equal(await statusWith(other, cookie), 401, JSON.stringify(oidc));
    t.equal(await statusWith(other, cookie.replace("__Host-", "__Secure-")), 401);
  }
});

t.test("attack: what is kept of a login is taken for a session, and the other way round", async (t) => {
  const provider = await fakeProvider();
  await using gateway = await start(provider);
  const browser = browserOf(gateway);
  const question = await ask(browser, provider);
  const [[name, pending]] = [...browser.jar(site)] as [[string, string]];
  t.equal(await statusWith(gateway, `__Host-session=1.${pending}`), 401);
  await browser.go(answer(question));
  const session = browser.jar(site).get("__Host-session")!.slice(2);
  const other = browserOf(gateway);
  other.jar(site).set(name, session);
  t.equal(code(await other.go(answer(question))), "unknown_login");
});

onEachEngine("attack: cookie bombs", async (t, engine) => {
  const provider = await fakeProvider();
  await using gateway = await start(provider, { engine });
  const pairs = [
    ...Array.from({ length: 300 }, (_, i) => `__Host-session-login-${i}=${"A".repeat(20)}`),
    ...Array.from({ length: 99 }, (_, i) => `__Host-session.${i + 1}=${"A".repeat(20)}`),
    "__Host-session=4.AAAA",
    "mine=1",
  ];
  const headers = { cookie: pairs.join("; "), "sec-fetch-mode": "navigate" };
  const page = await gateway.fetch("/", { headers, redirect: "manual" });
  t.equal(page.status, 303);
  const set = page.headers.getSetCookie();
  t.ok(set.length <= 40, `${set.length} cookies`);
  t.ok(
    set.slice(1).every((line) => line.includes("Max-Age=0")),
    "old logins are removed",
  );
  t.equal(await statusWith(gateway, headers.cookie), 401);
  const { issuer } = provider;
  const back = await gateway.fetch(`/oauth2/callback?code=a&state=${"0".repeat(43)}&iss=${issuer}`, {
    headers,
  });
  t.equal(back.status, 400);
  t.same(gateway.faults, []);
});

onEachEngine("attack: open redirects and split heads by the page to return to", async (t, engine) => {
  const provider = await fakeProvider();
  const oidc = { loginPath: "/oauth2/login" };
  await using gateway = await start(provider, { engine, oidc, policy: { require: "none" } });
  for (const target of [
    "//evil.test",
    "/\\evil.test",
    "\\\\evil.test",
    "https://evil.test/",
    "/\t/evil.test",
    "/\n/evil.test",
    "javascript:alert(1)",
    "data:text/html,x",
    "///evil.test",
    "/a\\..\\..\\evil",
    " //evil.test",
    "/a\r\nSet-Cookie: evil=1",
    "/a\r\n\r\n<script>",
    "@evil.test",
    ".evil.test",
    "/ü",
    "/\0",
    `/${"a".repeat(3000)}`,
    "",
  ]) {
    const browser = browserOf(gateway);
    const question = await ask(browser, provider, `/oauth2/login?${new URLSearchParams({ return: target })}`);
    const page = await browser.go(answer(question), { follow: 0 });
    t.equal(page.status, 303);
    t.equal(page.headers.get("location"), "/", JSON.stringify(target));
    t.ok(page.headers.getSetCookie().every((line) => line.startsWith("__Host-session")));
  }
  const browser = browserOf(gateway);
  for (const path of [
    "/oauth2/login",
    "/oauth2/login?return=/",
    "/oauth2/logout",
    "/oauth2/callback?code=a",
  ]) {
    const question = await ask(browser, provider, `/oauth2/login?${new URLSearchParams({ return: path })}`);
    const page = await browser.go(answer(question), { follow: 0 });
    t.equal(page.headers.get("location"), "/", "no way in a circle");
  }
  const question = await ask(browser, provider, "/oauth2/login?return=/a%3Fb=%2525%26c#d");
  const page = await browser.go(answer(question), { follow: 0 });
  t.equal(page.headers.get("location"), "/a?b=%25&c");
  t.same(gateway.faults, []);
});

t.test("attack: a link to a path of this site that is another host's to browsers", async (t) => {
  const provider = await fakeProvider();
  await using gateway = await start(provider);
  const headers = { "sec-fetch-mode": "navigate" };
  for (const path of ["//evil.test/a", "/%5Cevil.test", "/.//evil.test", "/x/..//evil.test"]) {
    const browser = browserOf(gateway);
    const begun = await gateway.fetch(`${site}${path}`, { headers, redirect: "manual" });
    t.equal(begun.status, 303);
    for (const line of begun.headers.getSetCookie()) {
      const [name = "", value = ""] = line.split(";", 1)[0]!.split("=");
      browser.jar(site).set(name, value);
    }
    provider.question = new URL(begun.headers.get("location")!).searchParams;
    const page = await browser.go(answer(provider.question), { follow: 0 });
    t.equal(new URL(page.headers.get("location")!, site).origin, site, path);
  }
});

t.test("attack: a forged access token in the field of the service", async (t) => {
  const provider = await fakeProvider();
  const settings = {
    oidc: { forward: "x-access-token", loginPath: "/oauth2/login" },
    policy: { require: "none" },
  } as const;
  await using gateway = await start(provider, settings);
  const forged = { "x-access-token": "forged", x_access_token: "forged" };
  const seen = await (await gateway.fetch("/", { headers: forged })).text();
  t.notMatch(seen, "forged");
  const browser = browserOf(gateway);
  await login(browser, provider, "/oauth2/login");
  t.match(JSON.parse((await browser.go(`${site}/`, { headers: forged })).text), {
    "x-access-token": "an access token",
  });
});

t.test("attack: the address to return to is taken from Host, unless the origin is set", async (t) => {
  const provider = await fakeProvider();
  await using gateway = await start(provider, { oidc: { origin: "https://app.example.com" } });
  const headers = { "sec-fetch-mode": "navigate" };
  const page = await gateway.fetch("http://evil.test/", { headers, redirect: "manual" });
  const question = new URL(page.headers.get("location")!).searchParams;
  t.equal(question.get("redirect_uri"), "https://app.example.com/oauth2/callback");
});

t.test("attack: userinfo of another user", async (t) => {
  const provider = await fakeProvider();
  await using gateway = await start(provider, { oidc: { userinfo: true } });
  t.equal((await login(browserOf(gateway), provider)).status, 200);
  provider.claims = { sub: "root" };
  provider.token = (claims) => sign(provider.signer, { ...claims, sub: "alice" });
  t.equal(code(await login(browserOf(gateway), provider)), "login_failed");
});

t.test("attack: a user who was at the provider long ago, where that is asked", async (t) => {
  const provider = await fakeProvider();
  await using gateway = await start(provider, { oidc: { parameters: { max_age: "60" } } });
  const now = Math.floor(Date.now() / 1000);
  for (const [time, status] of [
    [now, 303],
    [now - 300, 502],
    [undefined, 502],
    [String(now), 502],
  ] as const) {
    provider.claims = { auth_time: time };
    const browser = browserOf(gateway);
    const page = await browser.go(answer(await ask(browser, provider)), { follow: 0 });
    t.equal(page.status, status, `${time}`);
  }
  for (const max_age of ["soon", "-1", ""]) {
    await t.rejects(start(provider, { oidc: { parameters: { max_age } } }), { message: /max_age/ });
  }
});

t.test("attack: a refresh that answers with another user", async (t) => {
  const provider = await fakeProvider();
  await using gateway = await start(provider, { oidc: { refreshBefore: 0, forward: "x-token" } });
  const browser = browserOf(gateway);
  provider.answer = { expires_in: 1, refresh_token: "one" };
  t.equal((await login(browser, provider)).status, 200);
  provider.claims = { sub: "root" };
  const cookie = cookieOf(browser);
  let status = 200;
  while (status === 200 && provider.calls.length < 2) status = await statusWith(gateway, cookie);
  t.equal(status, 401);
  t.equal(provider.calls[1]!.get("grant_type"), "refresh_token");
});

const backChannel = "/oauth2/back-channel-logout";
const event = "http://schemas.openid.net/event/backchannel-logout";

onEachEngine("attack: logout tokens that are none", async (t, engine) => {
  const provider = await fakeProvider();
  const oidc = { logout: { backChannelPath: backChannel } };
  await using gateway = await start(provider, { engine, oidc });
  const browser = browserOf(gateway);
  provider.claims = { sid: "s1" };
  await login(browser, provider);
  const cookie = cookieOf(browser);
  const tell = async (token: string) => {
    const body = new URLSearchParams({ logout_token: token }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return gateway.fetch(`${site}${backChannel}`, { method: "POST", headers, body });
  };
  const now = Math.floor(Date.now() / 1000);
  const good = { aud: "gateway", sub: "alice", sid: "s1", events: { [event]: {} } };
  let count = 0;
  const signed = (claims: object) => sign(provider.signer, { ...good, jti: `j${count++}`, ...claims });
  const idToken = await sign(provider.signer, { aud: "gateway", sid: "s1", nonce: "n" });
  const stranger = await newSigner("ES256", "1");
  for (const [token, reason] of [
    ["", "form"],
    [idToken, "claims"],
    [await signed({ nonce: "n" }), "claims"],
    [await signed({ events: undefined }), "claims"],
    [await signed({ events: [event] }), "claims"],
    [await signed({ events: { "http://schemas.openid.net/event/other": {} } }), "claims"],
    [await signed({ jti: undefined }), "claims"],
    [await signed({ sub: undefined, sid: undefined }), "claims"],
    [await signed({ aud: "other" }), "claims"],
    [await signed({ iss: "https://evil.test" }), "claims"],
    [await signed({ iat: now - 600 }), "expired"],
    [await signed({ exp: now - 60 }), "expired"],
    [await sign(stranger, { ...good, jti: "x" }), "signature"],
    [`${base64Url({ alg: "none" })}.${base64Url({ ...good, jti: "y" })}.`, "form"],
  ] as const) {
    const response = await tell(token);
    t.equal(response.status, 400);
    t.match(await response.json(), { code: `logout_token_${reason}` });
  }
  t.equal((await gateway.fetch(`${site}${backChannel}`)).status, 405);
  t.equal(await statusWith(gateway, cookie), 200, "nobody was logged out");
  const other = await signed({ sid: "s2" });
  t.equal((await tell(other)).status, 200);
  t.equal((await tell(other)).status, 400, "a token is taken once");
  t.equal(await statusWith(gateway, cookie), 200, "another login of the user");
  t.equal((await tell(await signed({}))).status, 200);
  t.equal(await statusWith(gateway, cookie), 401);
  t.same(gateway.faults, []);
});

t.test("attack: a provider ends the sessions of another one's users, who are called the same", async (t) => {
  const [own, other] = await Promise.all([fakeProvider(), fakeProvider("https://other.example.com")]);
  const loginAt = (provider: FakeProvider, name: string) => ({
    ...oidcConfig(provider, {
      callbackPath: `/${name}/callback`,
      session: { secrets: [secret], cookie: name },
      logout: { path: `/${name}/logout`, backChannelPath: `/${name}/back-channel` },
    }),
    onStart: "refuse",
  });
  const grants = {
    identity: true,
    kv: true,
    fetch: [own, other].map(({ issuer }) => ({ origin: issuer, private: true })),
  };
  await using gateway = await testGateway({
    plugins: [
      { plugin: "auth", config: { strategies: [loginAt(own, "own"), loginAt(other, "other")] }, grants },
    ],
    upstream: () => new Response("here"),
    fetch: (request) => (request.url.startsWith(own.issuer) ? own : other).fetch(request),
  });
  own.claims = { sid: "s1" };
  const browser = browserOf(gateway);
  const question = await ask(browser, own);
  const callbackUrl = `${site}/own/callback?${new URLSearchParams({ code: "a", state: question.get("state")! })}`;
  t.equal((await browser.go(callbackUrl)).status, 200);
  const cookie = cookieOf(browser);
  const tell = async (provider: FakeProvider, name: string, claims: object) => {
    const all = { aud: "gateway", jti: "j", events: { [event]: {} }, ...claims };
    const token = await sign(provider.signer, { iss: provider.issuer, ...all });
    const body = new URLSearchParams({ logout_token: token }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return (await gateway.fetch(`${site}/${name}/back-channel`, { method: "POST", headers, body })).status;
  };
  t.equal(await tell(other, "other", { sid: "s1" }), 200);
  t.equal(await statusWith(gateway, cookie), 200, "a login of the same name");
  t.equal(await tell(other, "other", { sub: "alice", jti: "k" }), 200);
  t.equal(await statusWith(gateway, cookie), 200, "a user of the same name");
  t.equal(await tell(own, "own", { sid: "s1" }), 200, "nor is the number of its token used up");
  t.equal(await statusWith(gateway, cookie), 401);
});

t.test("attack: anything at all at the paths of logins, with any cookies", async (t) => {
  const provider = await fakeProvider();
  const oidc = { loginPath: "/oauth2/login", logout: { backChannelPath: backChannel } };
  await using gateway = await start(provider, { oidc });
  const value = fc.string({ unit: fc.constantFrom(...'AZaz09-_.=&%1+ /\\"') });
  const names = fc.constantFrom("code", "state", "iss", "error", "return", "logout_token");
  const cookieNames = fc.constantFrom("", ".1", ".9", ".x", "-login-", "-login-AAAAAAAA");
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("/oauth2/callback", "/oauth2/login", "/oauth2/logout", backChannel, "/"),
      fc.constantFrom("GET", "POST"),
      fc.array(fc.tuple(names, value)),
      fc.array(fc.tuple(cookieNames, value)),
      fc.constantFrom("same-origin", "none", "cross-site"),
      async (path, method, query, cookies, place) => {
        const form = new URLSearchParams(query).toString();
        const response = await gateway.fetch(`${site}${path}?${form}`, {
          method,
          headers: {
            cookie: cookies.map(([name, text]) => `__Host-session${name}=${text}`).join("; "),
            "sec-fetch-site": place,
            "sec-fetch-mode": "navigate",
          },
          redirect: "manual",
          ...(method === "POST" && { body: form }),
        });
        await response.body?.cancel();
        t.ok([200, 303, 400, 401, 403, 405].includes(response.status), `${response.status}`);
        const set = response.headers.getSetCookie();
        t.notOk(
          set.some((line) => /^__Host-session=\d/.test(line)),
          "nobody is let in",
        );
      },
    ),
    { numRuns: 300 },
  );
  t.equal(provider.calls.length, 0);
  t.same(gateway.faults, []);
});

t.test("attack: metadata of another issuer, or of none that can be used", async (t) => {
  for (const metadata of [
    { issuer: "https://login.example.com/" },
    { issuer: "https://evil.test" },
    { issuer: undefined },
    { token_endpoint: undefined },
    { token_endpoint: "http://login.example.com/token" },
    { authorization_endpoint: "javascript:alert(1)" },
    { authorization_endpoint: "https://login.example.com/auth#a" },
    { jwks_uri: 1 },
    { code_challenge_methods_supported: ["plain"] },
  ]) {
    const provider = await fakeProvider();
    provider.metadata = metadata;
    await t.rejects(start(provider), { message: /metadata|PKCE/ }, JSON.stringify(metadata));
  }
});

t.test("a config that makes no sense is refused, and says nothing of secrets", async (t) => {
  const provider = await fakeProvider();
  for (const [oidc, message] of [
    [{ parameters: { state: "x" } }, /parameters\/state is not for a config to set/],
    [{ parameters: { redirect_uri: "x" } }, /parameters\/redirect_uri/],
    [{ clientSecret: "" }, /clientSecret is missing/],
    [{ session: { secrets: ["hunter2"] } }, /session\/secrets\/0 is not at least 32 characters$/],
    [{ session: { secrets: [] } }, /session\/secrets is not at least 1 items/],
    [{ session: { secrets: [secret], cookie: "a;b" } }, /session\/cookie/],
    [{ loginPath: "/oauth2/callback" }, /are not different/],
    [{ loginPath: "/oauth2/logout" }, /are not different/],
    [{ logout: { backChannelPath: "/oauth2/logout" } }, /are not different/],
    [{ callbackPath: "/a b" }, /callbackPath/],
    [{ logout: { after: "//evil.test" } }, /logout\/after/],
    [{ forward: "host" }, /forward has host/],
    [{ forward: "Cookie" }, /forward is the field of the cookies/],
    [
      { clientAuth: "private-key-jwt", clientKey: { key: "hunter2" } },
      /clientKey\/key is no private key for ES256/,
    ],
    [{ algorithms: ["HS256"] }, /algorithms\/0/],
    [{ algorithms: ["none"] }, /algorithms\/0/],
    [{ issuer: "https://login.example.com?a" }, /issuer/],
  ] as const) {
    const error = await start(provider, { oidc }).then(
      () => null,
      (failure: Error) => failure,
    );
    t.match(error?.message, message, JSON.stringify(oidc));
    t.notMatch(error?.message, "hunter2");
  }
});

onEachEngine(
  "attack: another subdomain plants the attacker's session, in a cookie that browsers do not hold to be of `__Host-`",
  async (t, engine) => {
    const provider = await fakeProvider();
    await using gateway = await start(provider, { engine });
    const mallory = browserOf(gateway);
    t.equal((await login(mallory, provider)).status, 200);
    const planted = cookieOf(mallory);
    t.match(planted, /^__Host-/);
    t.equal(await statusWith(gateway, planted), 200, "it is good under its own name");
    for (const forged of [`a=1,${planted}`, `a=1, ${planted}`, `\xa0${planted}`]) {
      t.equal(await statusWith(gateway, forged), 401, JSON.stringify(forged.slice(0, 20)));
    }
    // The same for a login that waits: the victim would come back from it as the attacker.
    const other = browserOf(gateway);
    const question = await ask(other, provider);
    const waiting = cookieOf(other);
    for (const cookie of [`a=1,${waiting}`, `\xa0${waiting}`]) {
      const page = await browserOf(gateway).go(answer(question), { headers: { cookie } });
      t.equal(page.status, 400, JSON.stringify(cookie.slice(0, 20)));
      t.equal(code(page), "unknown_login");
    }
    t.equal((await other.go(answer(question))).status, 200, "with its own cookie it goes on");
    t.same(gateway.faults, []);
  },
);
