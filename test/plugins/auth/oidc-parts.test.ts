/** The parts of a login that need no browser. */
import fc from "fast-check";
import t from "tap";
import { isFromOwnSite, isNavigation } from "../../../plugins/auth/oidc/browser.ts";
import { areAllowed } from "../../../plugins/auth/oidc/claim-rules.ts";
import {
  cookieNames,
  mostParts,
  readCookies,
  removeCookies,
  sessionCookies,
} from "../../../plugins/auth/oidc/cookies.ts";
import { partsOf, returnPath } from "../../../plugins/auth/oidc/login/return-path.ts";
import { discoveryUrl } from "../../../plugins/auth/oidc/provider/metadata.ts";
import { RemoteDocument } from "../../../plugins/auth/oidc/provider/remote-document.ts";
import { SealedBox } from "../../../plugins/auth/oidc/session/sealed-box.ts";

const secret = "0123456789abcdef0123456789abcdef";
const names = cookieNames({ cookie: "session", domain: "" });

t.test("whatever the text, a browser stays at the site, at the very path or at its root", async (t) => {
  const nasty = fc.constantFrom(
    "/",
    "\\",
    "//",
    "\t",
    "\n",
    "\r",
    " ",
    ".",
    "..",
    "@",
    ":",
    "evil.test",
    "?",
    "#",
    "%5c",
  );
  const texts = fc.oneof(
    fc.string(),
    fc.array(nasty).map((parts) => parts.join("")),
    fc.webPath(),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const path = returnPath(text);
      const { origin, username, href } = new URL(path, "https://app.test/a/b");
      t.ok(
        origin === "https://app.test" && username === "" && (path === text || path === "/"),
        `${text}: ${href}`,
      );
    }),
    { numRuns: 2000 },
  );
  for (const path of ["/", "/a", "/a/b?c=d&e=%2F%2F", "/%C3%BC", "/a//b", "/:a", "/.."])
    t.equal(returnPath(path), path);
});

t.test("a URL is taken apart as it is written", async (t) => {
  t.same(partsOf("http://a.test:1//b.test/c?d?e"), {
    origin: "http://a.test:1",
    path: "//b.test/c",
    query: "d?e",
  });
  t.same(partsOf("https://[::1]"), { origin: "https://[::1]", path: "/", query: "" });
});

t.test("what was sealed is opened with any of the secrets, for the same purpose", async (t) => {
  const old = await SealedBox.from([secret], ["session", "a"]);
  const next = await SealedBox.from(["n".repeat(32), secret], ["session", "a"]);
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme" }), async (text) => {
      const sealed = await old.seal(text);
      t.match(sealed, /^[\w-]+$/);
      t.equal(await next.open(sealed), text);
    }),
    { numRuns: 50 },
  );
  const sealed = await next.seal("text");
  t.equal(await old.open(sealed), null, "the first secret seals");
  t.not(sealed, await next.seal("text"), "never twice the same");
  for (const purpose of [
    ["session"],
    ["session", "b"],
    ["login", "a"],
    ["session", "a", ""],
    ["session,a"],
  ]) {
    const other = await SealedBox.from([secret], purpose);
    t.equal(await other.open(await old.seal("text")), null, purpose.join());
  }
});

t.test("nothing else is opened", async (t) => {
  const box = await SealedBox.from([secret], ["session"]);
  const sealed = await box.seal("text");
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string(),
        fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString("base64url")),
        fc.nat(sealed.length).map((length) => sealed.slice(0, length)),
        fc.string({ minLength: 1 }).map((text) => sealed + text),
      ),
      async (text) => t.equal(await box.open(text), text === sealed ? "text" : null),
    ),
    { numRuns: 300 },
  );
});

/** What a browser sends back. */
function stored(
  cookies: readonly string[],
  before: ReadonlyMap<string, string> = new Map(),
): Map<string, string> {
  const jar = new Map(before);
  for (const line of cookies) {
    const [pair = "", ...attributes] = line.split("; ");
    const [name = "", value = ""] = pair.split("=");
    if (attributes.includes("Max-Age=0")) jar.delete(name);
    else jar.set(name, value);
  }
  return jar;
}

const headersOf = (jar: ReadonlyMap<string, string>) =>
  new Headers({ cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") });

t.test("a session of any length that fits comes back as it was, whatever was there before", async (t) => {
  const length = fc.integer({ min: 1, max: 16_000 });
  fc.assert(
    fc.property(length, length, (before, after) => {
      const first = sessionCookies("a".repeat(before), 60, [], names);
      const jar = stored(first ?? []);
      const { sessionNames } = readCookies(headersOf(jar), names);
      t.ok(sessionNames.length <= mostParts);
      const text = "b".repeat(after);
      const second = sessionCookies(text, 60, sessionNames, names);
      if (second === null) return t.ok(after > mostParts * 3800);
      for (const line of second) t.ok(line.length < 4096, "browsers take it");
      t.equal(readCookies(headersOf(stored(second, jar)), names).session, text);
      t.equal(stored(second, jar).size, Math.ceil(after / 3800), "nothing else is left");
    }),
    { numRuns: 100 },
  );
});

t.test("cookies have the attributes that keep them at home", async (t) => {
  t.same(sessionCookies("abc", 60, ["__Host-session.1"], names), [
    "__Host-session=1.abc; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Lax",
    "__Host-session.1=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax",
  ]);
  const shared = cookieNames({ cookie: "s", domain: "example.com" });
  t.same(sessionCookies("abc", 60, [], shared), [
    "__Secure-s=1.abc; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Lax; Domain=example.com",
  ]);
  t.match(shared.login, "__Host-s-login-", "a login stays at its site");
});

t.test("only our cookies are taken out of a request", async (t) => {
  for (const [cookie, left] of [
    ["a=1; __Host-session=1.x; b=2; __Host-session.1=y; __Host-session-login-abc=z", "a=1; b=2"],
    ["__Host-session=1.x", null],
    ["__Host-session=1.x; __Host-session=1.y; __Host-session=z", null],
    [
      "__Host-sessions=1; __Host-session.x=2; x__Host-session=3",
      "__Host-sessions=1; __Host-session.x=2; x__Host-session=3",
    ],
    ["a=1; b", "a=1; b"],
    ["a=1,2; __Host-session=1.x; b=3,4", "a=1,2; b=3,4"],
    ["a=1,2; __Host-session=1.x; b=3,4; __Host-session-login-a=1", "a=1,2; b=3,4"],
    ["a=1, __Host-session=1.x", "a=1, __Host-session=1.x"],
  ] as const) {
    const headers = new Headers({ cookie });
    removeCookies(headers, names);
    t.equal(headers.get("cookie"), left, cookie);
  }
});

t.test("a session is found whatever the cookies of others hold", async (t) => {
  for (const cookie of [
    "a=1,2; __Host-session=1.x; b=3,4",
    "a=1,2;\t__Host-session=1.x;b=3,4",
    " __Host-session = 1.x ;b",
  ]) {
    t.equal(readCookies(new Headers({ cookie }), names).session, "x", cookie);
  }
});

t.test("attack: a cookie that browsers do not hold to be of `__Host-`", async (t) => {
  const { login, session } = names;
  for (const before of ["a=1,", "a=1, ", "a=,", "\xa0", "a=1;\xa0", " \xa0 ", "a=1,\xa0"]) {
    const cookie = `${before}${session}=1.x; ${before}${login}abcdefgh=y`;
    const found = readCookies(new Headers({ cookie }), names);
    t.same(
      [found.session, [...found.sessionNames], [...found.logins]],
      [null, [], []],
      JSON.stringify(cookie),
    );
    const both = readCookies(
      new Headers({ cookie: `${cookie}; ${session}=1.own; ${login}abcdefgh=own` }),
      names,
    );
    t.same(
      [both.session, [...both.logins]],
      ["own", [[`${login}abcdefgh`, "own"]]],
      "nor in the way of the real one",
    );
  }
  t.equal(readCookies(new Headers({ cookie: `${session}\xa0=1.x` }), names).session, null);
});

t.test("a navigation is what somebody waits for", async (t) => {
  for (const [method, fields, is] of [
    ["GET", { "sec-fetch-mode": "navigate" }, true],
    ["GET", { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", accept: "*/*" }, true],
    ["POST", { "sec-fetch-mode": "navigate" }, false],
    ["HEAD", { "sec-fetch-mode": "navigate" }, false],
    ["GET", { "sec-fetch-mode": "cors", accept: "text/html" }, false],
    ["GET", { "sec-fetch-mode": "no-cors", accept: "text/html" }, false],
    ["GET", { "sec-fetch-mode": "navigate", "sec-websocket-key": "x" }, false],
    ["GET", { accept: "text/html,application/xhtml+xml" }, true],
    ["GET", { accept: "application/xml, TEXT/HTML;q=0.9" }, true],
    ["GET", { accept: "*/*" }, false],
    ["GET", { accept: "text/html-fragment+x" }, false],
    ["GET", { accept: "text/html", "x-requested-with": "XMLHttpRequest" }, false],
    ["GET", {}, false],
  ] as const) {
    const request = { method, url: "https://app.test/", headers: new Headers(fields) };
    t.equal(isNavigation(request), is, `${method} ${JSON.stringify(fields)}`);
  }
});

t.test("a logout is asked for by a page of the site", async (t) => {
  for (const [fields, is] of [
    [{ "sec-fetch-site": "same-origin" }, true],
    [{ "sec-fetch-site": "none" }, false],
    [{ "sec-fetch-site": "same-site" }, false],
    [{ "sec-fetch-site": "cross-site", origin: "https://app.test" }, false],
    [{ origin: "https://app.test" }, true],
    [{ origin: "http://app.test" }, true],
    [{ origin: "https://app.test:8443" }, false],
    [{ origin: "null" }, false],
    [{ origin: "https://evil.test", referer: "https://app.test/" }, false],
    [{ referer: "https://app.test/a?b" }, true],
    [{ referer: "https://app.test.evil.test/" }, false],
    [{ referer: "https://evil.test/https://app.test/" }, false],
    [{}, false],
  ] as const) {
    const request = { method: "POST", url: "https://app.test/", headers: new Headers(fields) };
    t.equal(isFromOwnSite(request, "https://app.test"), is, JSON.stringify(fields));
  }
});

t.test("rules of claims", async (t) => {
  const claims = { hd: "a.test", ok: true, roles: ["x", "y"], realm: { roles: ["z"] }, none: null };
  for (const [rules, is] of [
    [{}, true],
    [{ hd: ["a.test", "b.test"] }, true],
    [{ hd: ["b.test"] }, false],
    [{ ok: [true] }, true],
    [{ ok: ["true"] }, false],
    [{ roles: ["y"] }, true],
    [{ "realm.roles": ["z"] }, true],
    [{ hd: [] }, true],
    [{ none: [] }, false],
    [{ missing: [] }, false],
    [{ hd: ["a.test"], ok: [false] }, false],
    [{ __proto__: null, constructor: [] }, false],
  ] as const) {
    t.equal(areAllowed(claims, rules as Record<string, string[]>), is, JSON.stringify(rules));
  }
  t.ok(areAllowed({}, { hd: ["a.test"] }, true), "what is not said again is not asked again");
  t.notOk(areAllowed({ hd: "b.test" }, { hd: ["a.test"] }, true));
});

t.test("metadata is where the issuer has it", async (t) => {
  t.equal(discoveryUrl("https://a.test"), "https://a.test/.well-known/openid-configuration");
  t.equal(discoveryUrl("https://a.test/b/"), "https://a.test/b/.well-known/openid-configuration");
});

t.test(
  "a document is fetched when it is old, once in a cool-down, and used for a time when it cannot be",
  async (t) => {
    const server = { time: 0, loads: 0, isDown: false, failures: 0 };
    const document = new RemoteDocument({
      cacheFor: 100,
      cooldown: 10,
      staleFor: 1000,
      now: () => server.time,
      onFailure: () => void server.failures++,
      async load() {
        server.loads++;
        if (server.isDown) throw new Error("it is down");
        return server.loads;
      },
    });
    t.equal(await document.start(), 1);
    server.time = 99;
    t.equal(await document.get(), 1);
    server.time = 100;
    t.same(await Promise.all([document.get(), document.get()]), [2, 2]);
    server.isDown = true;
    server.time = 200;
    for (let turn = 0; turn < 5; turn++) t.equal(await document.get(), 2, "an old one is better than none");
    t.same([server.loads, server.failures], [3, 1], "nobody waits for a server that just failed");
    server.time = 1200;
    t.equal(await document.get(), null);
    server.isDown = false;
    server.time = 1210;
    t.equal(await document.get(), 5);
  },
);
