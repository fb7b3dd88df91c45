/** Attacks on what a shared cache keeps, through a real listener: what one client sends must not become what another one gets. */
import t, { type Test } from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { get } from "../../support/gateway.ts";
import { field, type Message, readMessage } from "../../support/message.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

const fresh = "Cache-Control: max-age=60";

type Answer = (request: Message, number: number) => string;

/** A cache before a service, with what reached that. */
async function start(t: Test, answer: Answer, config: object = {}) {
  const asked: Message[] = [];
  const service = await startUpstream(t, (request) => {
    asked.push(request);
    return answer(request, asked.length);
  });
  const gateway = await startBuiltInGateway(t, service.address, [{ plugin: "cache", config }]);
  return { gateway, asked, ask: gateway.ask };
}

const targetOf = ({ startLine }: Message) => startLine.split(" ")[1]!;
const count: Answer = (_, number) => ok(`answer ${number}`, fresh);
const isHit = (answer: Message) => /; hit/.test(field(answer, "cache-status") ?? "");

for (const name of [
  "X-Forwarded-Host",
  "X-Forwarded-Scheme",
  "X-Forwarded-Proto",
  "Forwarded",
  "X_Forwarded_Host",
]) {
  t.test(`${name} that a client makes up is not reflected to the next one`, async (t) => {
    const reflect: Answer = (request) => ok(`host ${field(request, name.toLowerCase()) ?? "none"}`, fresh);
    const { ask } = await start(t, reflect);
    await ask(get("/", `${name}: evil.test`));
    t.notMatch((await ask(get())).body, "evil");
  });
}

for (const evil of [
  "X-Forwarded-Host: evil.test",
  "X-Forwarded-Port: 666, evil",
  "X-Forwarded-Prefix: /evil",
  "X-Forwarded-Scheme: evil",
  'Forwarded: for=192.0.2.1; host="evil.test"',
  "Forwarded: for=192.0.2.1, PROTO=evil;by=x",
]) {
  t.test(
    `behind a trusted proxy that lets it through: ${evil} is not reflected to the next one`,
    async (t) => {
      const name = evil.slice(0, evil.indexOf(":")).toLowerCase();
      const service = await startUpstream(t, (request) => ok(`at ${field(request, name)}`, fresh));
      const forwarding = { trustedProxies: ["127.0.0.1"] };
      const uses = [{ plugin: "cache", config: {} }];
      const { ask } = await startBuiltInGateway(t, service.address, uses, { forwarding });
      t.match((await ask(get("/", evil))).body, "evil");
      t.notMatch((await ask(get())).body, "evil");
      t.ok(isHit(await ask(get("/", evil))), "those who say the same share it");
      t.ok(isHit(await ask(get("/", "Forwarded: for=198.51.100.7"))), "who it is for is no part of the key");
    },
  );
}

for (const name of [
  "X-Original-URL",
  "X-Rewrite-URL",
  "X-HTTP-Method-Override",
  "X-HTTP-Method",
  "X-Method-Override",
]) {
  t.test(`${name} puts no answer under the URL that the client asked for`, async (t) => {
    const obey: Answer = (request, number) => ok(`${field(request, name.toLowerCase())} ${number}`, fresh);
    const { ask } = await start(t, obey);
    await ask(get("/", `${name}: /evil`));
    t.equal((await ask(get())).body, "null 2");
    t.notOk(isHit(await ask(get("/", `${name}: /evil`))), "and is answered with nothing that is stored");
  });
}

t.test("a GET with a body keeps nothing and gets nothing that is kept", async (t) => {
  const { ask } = await start(t, (request, number) => ok(`${request.body} ${number}`, fresh));
  const fat = `GET / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\ncb=bad`;
  t.equal((await ask(fat)).body, "cb=bad 1");
  t.equal((await ask(get())).body, " 2");
  t.equal((await ask(fat)).body, "cb=bad 3");
  t.equal((await ask(get())).body, " 2");
});

t.test("a request in the body of a GET is nobody's request", async (t) => {
  const { gateway, asked } = await start(t, count);
  await gateway.ask(get("/a"));
  const smuggled = "GET /evil HTTP/1.1\r\nHost: a.test\r\n\r\n";
  const client = await gateway.connect();
  client.write(
    `GET /a HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}${get("/b")}`,
  );
  t.equal((await readMessage(client)).body, "answer 2");
  t.equal((await readMessage(client)).body, "answer 3");
  t.same(asked.map(targetOf), ["/a", "/a", "/b"]);
});

for (const path of [
  "/account/x.css",
  "/account%2Fx.css",
  "/account;x.css",
  "/account%3Bx.css",
  "/account/%2e%2e%2fx.css",
  "/static/../account",
  "/static/%2e%2e/account",
  "/account%0ax.css",
  "/account%00x.css",
  "/account%23x.css",
  "/account%3fx.css",
  "/account/.css",
  "/account?x.css",
]) {
  t.test(`cache deception: ${path} keeps no page that was made for one user`, async (t) => {
    // Frameworks that take whatever follows for part of the page, and say nothing of caches.
    const page: Answer = (request) =>
      ok(`page of ${field(request, "cookie") ?? "nobody"}`, "Last-Modified: Tue, 01 Nov 2022 00:00:00 GMT");
    const { ask } = await start(t, page);
    const victim = await ask(get(path, "Cookie: id=victim"));
    t.match(victim.body, /victim|malformed/i, "it was forwarded, or is no request");
    const attacker = await ask(get(path));
    t.notMatch(attacker.body, "victim");
    t.notOk(isHit(attacker));
  });
}

t.test("the path that is forwarded is the one that is kept, whatever it was written like", async (t) => {
  const { ask, asked } = await start(t, (request) => ok(targetOf(request), fresh));
  for (const path of [
    "/a/b",
    "/a%2Fb",
    "/a%2fb",
    "/a/c/../b",
    "/a/%2e/b",
    "/%61/b",
    "/a/b;c",
    "/a//b",
    "/a/b?",
    "/a/b/",
  ]) {
    const { body } = await ask(get(path));
    const again = await ask(get(path));
    t.equal(again.body, body, path);
    t.ok(isHit(again), path);
  }
  t.equal(new Set(asked.map(targetOf)).size, asked.length, "and no two of those that differ share an answer");
});

t.test("CPDoS: an error that one client's fields caused is not the next one's answer", async (t) => {
  const picky: Answer = (request) =>
    field(request, "x-odd") === null
      ? ok("fine", fresh)
      : "HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nbad";
  const { ask } = await start(t, picky, { lifetimes: { "404": 10 } });
  for (const odd of ["\x80\xff", "x".repeat(8000), "a\tb", '"\\"']) {
    t.equal((await ask(get("/", `X-Odd: ${odd}`))).status, 400);
  }
  t.match(await ask(get()), { status: 200, body: "fine" });
});

t.test("CPDoS: what the proxy itself refuses is not kept either", async (t) => {
  const { ask, asked } = await start(t, () => ok("fine", fresh));
  t.equal((await ask(get("/", `X-Long: ${"x".repeat(100_000)}`))).status, 431);
  t.equal((await ask(get("/", "X-Bad: a\x01b"))).status, 400);
  t.equal((await ask(get("/", ...Array.from({ length: 1000 }, (_, i) => `X-${i}: 1`)))).status, 431);
  t.equal(asked.length, 0);
  t.match(await ask(get()), { status: 200, body: "fine" });
});

t.test("key collision: a value that looks like another part of the key is a value", async (t) => {
  const mirror: Answer = (request) =>
    ok(
      `${targetOf(request)}|${field(request, "x-a")}|${field(request, "x-b")}|${field(request, "cookie")}`,
      fresh,
    );
  const { ask } = await start(t, mirror, { keyHeaders: ["x-a", "x-b"], keyCookies: ["c", "d"] });
  const requests = [
    get("/", "X-A: 1", "X-B: 2"),
    get("/", "X-A: 1 field x-b=2"),
    get("/", "X-A: 1%0Afield x-b=2"),
    get("/", 'X-A: 1","2'),
    get("/", "X-A:", "X-B: 2"),
    get("/", "X-B: 2"),
    get("/?field%20x-a=1%0Afield%20x-b=2"),
    get("/%0Afield%20x-a=1"),
    get("/", "Cookie: c=1; d=2"),
    get("/", "Cookie: c=1%3B d=2"),
    get("/", 'Cookie: c="1; d=2"'),
    get("/", "Cookie: c=1; c=2"),
    get("/", "Cookie: d=1"),
  ];
  const bodies: string[] = [];
  for (const request of requests) bodies.push((await ask(request)).body);
  t.equal(new Set(bodies).size, requests.length, "each got an answer of its own");
  for (const [index, request] of requests.entries()) t.equal((await ask(request)).body, bodies[index]);
  t.equal((await ask("GET / HTTP/1.1\r\nHost: a.test\r\nX-A: 1\nfield x-b=2\r\n\r\n")).status, 400);
});

t.test("hop by hop: a field that Connection names away is no part of what is kept for others", async (t) => {
  const varied: Answer = (request) => ok(`kind ${field(request, "x-kind")}`, fresh, "Vary: X-Kind");
  const { ask } = await start(t, varied);
  t.equal((await ask(get("/", "X-Kind: a", "Connection: X-Kind"))).body, "kind null");
  t.equal((await ask(get("/", "X-Kind: a"))).body, "kind a");
  t.equal((await ask(get("/"))).body, "kind null");
});

t.test(
  "hop by hop: Connection takes no credentials away that keep an answer from being shared",
  async (t) => {
    const page: Answer = (request) => ok(`for ${field(request, "authorization")}`, fresh);
    const { ask } = await start(t, page);
    t.equal((await ask(get("/private", "Authorization: Basic eDp5"))).body, "for Basic eDp5");
    t.equal(
      (await ask(get("/private", "Authorization: Basic eDp5", "Connection: Authorization"))).body,
      "for null",
    );
    t.equal((await ask(get("/private"))).body, "for null");
  },
);

t.test("hop by hop: fields of one connection of the service are not replayed", async (t) => {
  const { ask } = await start(t, () =>
    ok("x", fresh, "Connection: X-Internal", "X-Internal: 10.0.0.1", "Keep-Alive: timeout=5"),
  );
  await ask(get());
  const again = await ask(get());
  t.ok(isHit(again));
  t.same([field(again, "x-internal"), field(again, "keep-alive")], [null, null]);
});

for (const [control, isShared] of [
  ["max-age=60", false],
  ["max-age=60, public", true],
  ["s-maxage=60", true],
  ["max-age=60, must-revalidate", true],
  ["private, max-age=60", false],
] as const) {
  t.test(
    `Authorization: an answer with ${control} is ${isShared ? "" : "not "}given to others`,
    async (t) => {
      const { ask } = await start(t, (_, number) => ok(`answer ${number}`, `Cache-Control: ${control}`));
      await ask(get("/", "Authorization: Bearer one"));
      t.equal((await ask(get("/", "Authorization: Bearer two"))).body, isShared ? "answer 1" : "answer 2");
      t.equal((await ask(get("/"))).body, isShared ? "answer 1" : "answer 3");
    },
  );
}

t.test("two tenants on one listener do not see each other's answers", async (t) => {
  const { gateway, ask } = await start(t, (request) => ok(`for ${field(request, "host")}`, fresh));
  const of = async (host: string) => (await ask(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).body;
  for (const host of ["a.test", "b.test", "a.test:8080", "a.test.b.test", "b.test"])
    t.equal(await of(host), `for ${host}`);
  t.match(await of("A.TEST"), /^for a\.test$/i);
  // The target's authority goes before Host (RFC 9112 section 3.2.2).
  const absolute = await ask("GET http://b.test/ HTTP/1.1\r\nHost: b.test\r\n\r\n");
  t.equal(absolute.body, "for b.test");
  const client = await gateway.connect();
  client.write("GET http://b.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n");
  t.match((await readMessage(client)).body, /b\.test|mismatch|differ|malformed/i);
  t.equal(await of("a.test"), "for a.test");
});

t.test("response splitting: a response with a bare line end is refused and not kept", async (t) => {
  const split: Answer = (_, number) =>
    number <= 2
      ? ok("x", fresh, number === 1 ? "X-A: 1\rSet-Cookie: evil=1" : "X-A: 1\nSet-Cookie: evil=1")
      : ok("fine", fresh);
  const { ask } = await start(t, split);
  t.equal((await ask(get())).status, 502);
  t.equal((await ask(get())).status, 502);
  const third = await ask(get());
  t.same([third.body, field(third, "set-cookie")], ["fine", null]);
});

t.test("fields are replayed byte for byte, as one field each", async (t) => {
  const odd = 'a\t"\\u000d\\u000a", {"x":1} \xe9\xff %0d%0aSet-Cookie: evil=1';
  const { ask } = await start(t, () => ok("x", fresh, `X-Odd: ${odd}`));
  await ask(get());
  const again = await ask(get());
  t.ok(isHit(again));
  t.equal(field(again, "x-odd"), odd);
  t.equal(field(again, "set-cookie"), null);
});

t.test("a cookie that was set for one user is set for no other", async (t) => {
  const session: Answer = (request, number) => {
    const control = targetOf(request) === "/public" ? "public, max-age=60" : "max-age=60";
    return ok(`answer ${number}`, `Cache-Control: ${control}`, `Set-Cookie: id=${number}`);
  };
  const { ask } = await start(t, session);
  t.equal(field(await ask(get("/")), "set-cookie"), "id=1");
  t.match(await ask(get("/")), { body: "answer 2" }, "it is not kept");
  t.equal(field(await ask(get("/public")), "set-cookie"), "id=3", "whoever asks the service gets it");
  const other = await ask(get("/public"));
  t.same([other.body, field(other, "set-cookie")], ["answer 3", null]);
});

t.test("a cookie that is set with a confirmation is not kept either", async (t) => {
  const confirm: Answer = (request) =>
    field(request, "if-none-match") === null
      ? ok("kept", 'ETag: "a"', "Cache-Control: public, max-age=0")
      : 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nCache-Control: public, max-age=60\r\nSet-Cookie: id=1\r\n\r\n';
  const { ask } = await start(t, confirm);
  for (let i = 0; i < 3; i++) {
    const answer = await ask(get());
    t.same([answer.body, field(answer, "set-cookie")], ["kept", null]);
  }
});
