/** What time does to sessions, logins and tokens: the strategy by itself, behind a clock. */
import t from "tap";
import { MemoryKeyValues } from "../../../core/store/kv/memory-key-values.ts";
import { MemoryRooms } from "../../../core/store/memory-rooms.ts";
import { checkConfig } from "../../../plugins/auth/check-config.ts";
import type { OidcConfig } from "../../../plugins/auth/oidc/config.ts";
import { oidcSchema } from "../../../plugins/auth/oidc/config.ts";
import type { SharedState } from "../../../plugins/auth/oidc/session/shared-renewals.ts";
import { oidcStrategy } from "../../../plugins/auth/oidc.ts";
import type { Context, Identity, PluginRequest, PluginResponse } from "../../../sdk/index.ts";
import { pluginCounters } from "../../support/plugin-counters.ts";
import { type FakeProvider, fakeProvider } from "./fake-provider.ts";
import { oidcConfig, site } from "./oidc-gateway.ts";
import { sign } from "./tokens.ts";

t.setTimeout(120_000);

interface Told {
  /** Null: refused, or asked to log in. */
  readonly identity: Identity | null;
  readonly status: number;
  readonly response: Response | null;
  /** What the service got. */
  readonly headers: Headers;
  /** Max-Age of the session's cookie, if it was set. */
  readonly maxAge: number | null;
}

/** A browser, a strategy with a clock, and a provider that the test directs. */
async function start(settings: object = {}) {
  const provider = await fakeProvider();
  const clock = {
    now: Date.now(),
    isDown: false,
    warnings: [] as string[],
    asked: 0,
    slow: null as Promise<void> | null,
  };
  const counters = pluginCounters(clock);
  const store = new MemoryKeyValues(() => clock.now, new MemoryRooms());
  const kv: SharedState["kv"] = {
    get: async (key) => JSON.parse(store.get("auth", key) ?? "null") ?? undefined,
    set: async (key, value, { ttl = 1 } = {}) => store.set("auth", key, JSON.stringify(value), ttl * 1000),
  };
  const { type: _, ...written } = oidcConfig(provider, settings);
  const config = checkConfig(oidcSchema, written, "config") as OidcConfig;
  const make = () =>
    oidcStrategy(
      config,
      {
        now: () => clock.now,
        warn: (message) => void clock.warnings.push(message),
        async call(url, init) {
          clock.asked++;
          await clock.slow;
          if (clock.isDown) throw new Error("it is down");
          const response = await provider.fetch(new Request(url, init as RequestInit));
          return { status: response.status, text: await response.text() };
        },
      },
      { kv, counters },
    );
  // As a real provider's, whatever the clock of the test says.
  provider.token = (claims) => {
    const seconds = Math.floor(clock.now / 1000);
    return sign(provider.signer, { ...claims, iat: seconds, exp: seconds + 300 });
  };
  const strategy = make();
  await strategy.start!();
  const jar = new Map<string, string>();

  async function ask(path: string, by = strategy, cookies: ReadonlyMap<string, string> = jar): Promise<Told> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = new Headers({ "sec-fetch-mode": "navigate", ...(cookie !== "" && { cookie }) });
    const request = { method: "GET", url: `${site}${path}`, headers } as unknown as PluginRequest;
    const ctx = {
      counters,
      metrics: { counter() {} },
      waitUntil() {},
      deadline: performance.now() + 5000,
    } as unknown as Context;
    const verdict = await by.authenticate(request, ctx);
    let response: Response | null = null;
    if (verdict.kind === "respond") response = verdict.response;
    if (verdict.kind === "absent") response = (await verdict.invite?.()) ?? null;
    const fields = response?.headers ?? new Headers();
    if (verdict.kind === "identity") by.respond!({ headers: fields } as unknown as PluginResponse, ctx);
    let maxAge: number | null = null;
    for (const line of fields.getSetCookie()) {
      const [, name = "", value = "", age = ""] = /^([^=]+)=([^;]*); Max-Age=(\d+)/.exec(line)!;
      if (age === "0") jar.delete(name);
      else jar.set(name, value);
      if (name === "__Host-session" && age !== "0") maxAge = Number(age);
    }
    const refused = verdict.kind === "refused" ? (verdict.status ?? 401) : 401;
    return {
      identity: verdict.kind === "identity" ? verdict.identity : null,
      status: response?.status ?? (verdict.kind === "identity" ? 200 : refused),
      response,
      headers,
      maxAge,
    };
  }

  async function login(): Promise<Told> {
    const { response } = await ask("/");
    provider.question = new URL(response!.headers.get("location")!).searchParams;
    return ask(`/oauth2/callback?code=a&state=${provider.question.get("state")}`);
  }

  async function tell(path: string, token: string): Promise<Response> {
    const text = async () => new URLSearchParams({ logout_token: token }).toString();
    const request = { method: "POST", url: `${site}${path}`, headers: new Headers(), text };
    const ctx = { counters, metrics: { counter() {} }, waitUntil() {}, deadline: performance.now() + 5000 };
    const verdict = await strategy.authenticate(
      request as unknown as PluginRequest,
      ctx as unknown as Context,
    );
    if (verdict.kind !== "respond") throw new Error(verdict.kind);
    return verdict.response;
  }

  function pass(seconds: number): void {
    clock.now += seconds * 1000;
  }
  return { provider, clock, jar, ask, login, pass, make, tell };
}

const refreshes = ({ calls }: FakeProvider) =>
  calls.filter((form) => form.get("grant_type") === "refresh_token");

t.test("a session that is used goes on, up to its lifetime", async (t) => {
  const session = { secrets: ["s".repeat(32)], lifetime: 1000, idle: 100 };
  const { ask, login, pass, jar } = await start({ session });
  t.equal((await login()).maxAge, 100);
  let renewed = 0;
  for (let second = 0; second < 990; second += 30) {
    pass(30);
    const { identity, maxAge } = await ask("/");
    t.equal(identity?.subject, "alice", `after ${second + 30} s`);
    if (maxAge !== null) renewed++;
  }
  t.equal(renewed, 33, "each time the browser gets it anew");
  pass(9);
  t.equal((await ask("/")).identity?.subject, "alice");
  pass(1);
  t.equal((await ask("/")).identity, null, "the end of its life");
  t.ok(jar.has("__Host-session"));
});

t.test("a session that nobody uses ends, and is not sent again at every request", async (t) => {
  const { ask, login, pass } = await start({ session: { secrets: ["s".repeat(32)], idle: 100 } });
  await login();
  pass(9);
  t.equal((await ask("/")).maxAge, null);
  pass(1);
  t.equal((await ask("/")).maxAge, 100);
  pass(99);
  const old = await ask("/");
  t.equal(old.status, 200);
  pass(100);
  t.equal((await ask("/")).status, 303);
});

t.test("attack: a copy of a cookie that was used on is good for as long as it would have been", async (t) => {
  const { ask, login, pass, jar } = await start({ session: { secrets: ["s".repeat(32)], idle: 100 } });
  await login();
  const copy = new Map(jar);
  pass(60);
  await ask("/");
  pass(60);
  t.equal((await ask("/")).status, 200);
  t.equal((await ask("/", undefined, copy)).identity, null);
});

t.test("a login has to come back within 15 minutes", async (t) => {
  for (const [seconds, status] of [
    [899, 303],
    [900, 400],
  ] as const) {
    const { ask, pass, provider } = await start();
    const { response } = await ask("/");
    const question = new URL(response!.headers.get("location")!).searchParams;
    provider.question = question;
    pass(seconds);
    t.equal((await ask(`/oauth2/callback?code=a&state=${question.get("state")}`)).status, status);
  }
});

t.test("an access token is refreshed before it ends, and what is new of the user counts", async (t) => {
  const { provider, ask, login, pass } = await start({ forward: "authorization" });
  provider.claims = { groups: ["a"], name: "Alice" };
  provider.answer = { access_token: "one", expires_in: 300, refresh_token: "r1" };
  provider.claims["at_hash"] = undefined;
  await login();
  pass(239);
  const before = await ask("/");
  t.equal(before.headers.get("authorization"), "Bearer one");
  provider.answer = { access_token: "two", expires_in: 300, refresh_token: "r2" };
  provider.claims = { groups: ["b"], name: "Alice Cooper", nonce: undefined, at_hash: undefined };
  pass(1);
  const after = await ask("/");
  t.equal(after.headers.get("authorization"), "Bearer two");
  t.same(after.identity?.groups, ["b"]);
  t.same(after.identity?.claims, { name: "Alice Cooper" });
  t.ok(after.maxAge);
  pass(240);
  await ask("/");
  t.same(
    refreshes(provider).map((form) => form.get("refresh_token")),
    ["r1", "r2"],
  );
});

t.test("a token that is good for a short time is used for half of it", async (t) => {
  const { provider, ask, login, pass } = await start({ refreshBefore: 60 });
  provider.answer = { expires_in: 20, refresh_token: "r" };
  await login();
  pass(9);
  await ask("/");
  t.equal(refreshes(provider).length, 0);
  pass(1);
  await ask("/");
  t.equal(refreshes(provider).length, 1);
});

t.test("a provider that is down costs one question in 5 s, and nobody a session that is good", async (t) => {
  const { provider, clock, ask, login, pass } = await start();
  provider.answer = { expires_in: 300, refresh_token: "r" };
  await login();
  pass(250);
  clock.isDown = true;
  clock.asked = 0;
  for (let turn = 0; turn < 5; turn++) t.equal((await ask("/")).status, 200);
  t.equal(clock.asked, 1);
  t.equal(clock.warnings.length, 1);
  pass(5);
  t.equal((await ask("/")).status, 200);
  t.equal(clock.asked, 2);
  pass(45);
  t.equal((await ask("/")).status, 503, "the access token has ended: the user may be nobody any more");
  clock.isDown = false;
  pass(5);
  t.equal((await ask("/")).status, 200);
});

t.test(
  "who has a good access token does not wait for a slow provider, and gets what came of it later",
  async (t) => {
    const { provider, clock, ask, login, pass } = await start();
    provider.answer = { expires_in: 300, refresh_token: "r" };
    await login();
    pass(240);
    const { promise, resolve } = Promise.withResolvers<void>();
    clock.slow = promise;
    const early = await ask("/");
    t.equal(early.status, 200);
    t.equal(early.maxAge, null);
    resolve();
    clock.slow = null;
    pass(200);
    const later = await ask("/");
    t.equal(later.status, 200);
    t.ok(later.maxAge, "the new cookie");
    t.equal(refreshes(provider).length, 1);
  },
);

t.test("a session ends with what the provider says no to", async (t) => {
  for (const [name, change] of [
    [
      "the refresh token",
      (provider: FakeProvider) =>
        Object.assign(provider, { status: 400, answer: { error: "invalid_grant" } }),
    ],
    [
      "another user",
      (provider: FakeProvider) => Object.assign(provider, { claims: { sub: "bob", at_hash: undefined } }),
    ],
    [
      "a claim",
      (provider: FakeProvider) => Object.assign(provider, { claims: { ok: false, at_hash: undefined } }),
    ],
  ] as const) {
    const { provider, ask, login, pass } = await start({ requireClaims: { ok: [true] } });
    provider.claims = { ok: true };
    provider.answer = { expires_in: 300, refresh_token: "r" };
    await login();
    pass(240);
    change(provider);
    t.equal((await ask("/")).status, 303, name);
    t.equal((await ask("/")).status, 303, name);
    t.equal(refreshes(provider).length, 1, `${name}: the provider is not asked again`);
  }
});

t.test("an access token that nobody can refresh ends a session that forwards it, and no other", async (t) => {
  for (const [forward, status] of [
    ["authorization", 303],
    ["", 200],
  ] as const) {
    const { provider, ask, login, pass } = await start({ forward });
    provider.answer = { expires_in: 300 };
    await login();
    pass(299);
    t.equal((await ask("/")).status, 200);
    pass(1);
    t.equal((await ask("/")).status, status);
  }
});

t.test("another thread gets what the first one refreshed", async (t) => {
  const { provider, ask, login, pass, jar, make } = await start();
  provider.answer = { expires_in: 300, refresh_token: "r" };
  await login();
  const old = new Map(jar);
  pass(240);
  const other = make();
  await other.start!();
  const both = await Promise.all([ask("/", undefined, old), ask("/", other, old), ask("/", other, old)]);
  t.same(
    both.map(({ status }) => status),
    [200, 200, 200],
  );
  t.ok(
    both.every(({ maxAge }) => maxAge !== null),
    "all of them get the new cookie",
  );
  t.equal(refreshes(provider).length, 1);
  pass(30);
  const late = make();
  await late.start!();
  t.equal((await ask("/", late, old)).status, 200);
  t.equal(refreshes(provider).length, 1, "also one that comes late");
});

t.test("a user whom the provider logged out everywhere can log in again", async (t) => {
  const backChannelPath = "/oauth2/back-channel-logout";
  const { provider, clock, ask, login, pass, tell } = await start({ logout: { backChannelPath } });
  await login();
  t.equal((await ask("/")).status, 200);
  const iat = Math.floor(clock.now / 1000);
  const events = { "http://schemas.openid.net/event/backchannel-logout": {} };
  const claims = { aud: "gateway", sub: "alice", jti: "1", iat, exp: iat + 60, events };
  t.equal((await tell(backChannelPath, await sign(provider.signer, claims))).status, 200);
  t.equal((await ask("/")).status, 303);
  pass(1);
  await login();
  t.equal((await ask("/")).status, 200);
});

t.test("metadata that moves the keys is followed", async (t) => {
  const { provider, ask, login, pass, jar } = await start({ cacheFor: 60, cooldown: 0 });
  await login();
  jar.clear();
  provider.metadata = { jwks_uri: `${provider.issuer}/elsewhere` };
  pass(60);
  const { response } = await ask("/");
  t.match(response!.headers.get("location"), `${provider.issuer}/auth?`);
  t.equal((await login()).status, 502, "there are none");
  provider.metadata = {};
  pass(60);
  t.equal((await login()).status, 303);
});
