import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { fieldText } from "../../../plugins/auth/identity-headers.ts";
import { RemoteKeys } from "../../../plugins/auth/jwt/remote-keys.ts";
import { TokenCache } from "../../../plugins/auth/token-cache.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { audience, issuer, newSigner, type Signer, sign } from "./tokens.ts";

t.teardown(stopBundler);

const first = await newSigner("ES256", "1");
const second = await newSigner("ES256", "2");
const url = "https://login.example.com/keys";

/** Keys behind a clock and a server that can fail. */
function start(...signers: Signer[]) {
  const server = { signers, isDown: false, fetches: 0, time: 0, changes: 0, failures: 0 };
  const keys = new RemoteKeys({
    url,
    cacheFor: 600_000,
    cooldown: 30_000,
    staleFor: 3_600_000,
    timeout: 5000,
    now: () => server.time,
    onChange: () => void server.changes++,
    onFailure: () => void server.failures++,
    async fetch() {
      server.fetches++;
      if (server.isDown) throw new Error("it is down");
      return JSON.stringify({ keys: server.signers.map(({ jwk }) => jwk) });
    },
  });
  return { server, keys };
}

t.test("a set is fetched once and again when it is old", async (t) => {
  const { server, keys } = start(first);
  await keys.start();
  for (let turn = 0; turn < 5; turn++) t.match(await keys.find("ES256", "1"), { kid: "1" });
  t.equal(server.fetches, 1);
  server.time += 600_000;
  await Promise.all(Array.from({ length: 50 }, () => keys.find("ES256", "1")));
  t.equal(server.fetches, 2, "all wait for one fetch");
});

t.test("a key that was rotated in is found, and one that went verifies no more", async (t) => {
  const { server, keys } = start(first);
  await keys.start();
  server.signers = [second];
  server.time += 30_000;
  t.match(await keys.find("ES256", "2"), { kid: "2" });
  t.equal(server.changes, 1, "what the old keys verified is forgotten");
  t.equal(await keys.find("ES256", "1"), null);
});

t.test("attack: a flood of tokens with keys that nobody knows costs one fetch in a cool-down", async (t) => {
  const { server, keys } = start(first);
  await keys.start();
  server.time += 30_000;
  for (let kid = 0; kid < 500; kid++) t.equal(await keys.find("ES256", `x${kid}`), null);
  await Promise.all(Array.from({ length: 500 }, (_, kid) => keys.find("ES256", `y${kid}`)));
  t.equal(server.fetches, 2);
});

t.test("while the set cannot be fetched the old one stands, for its time", async (t) => {
  const { server, keys } = start(first);
  await keys.start();
  server.isDown = true;
  server.time += 600_000;
  for (let turn = 0; turn < 10; turn++) t.match(await keys.find("ES256", "1"), { kid: "1" });
  t.equal(server.fetches, 2, "nobody waits for a server that just failed");
  t.equal(server.failures, 1);
  server.time += 3_600_000;
  t.equal(await keys.find("ES256", "1"), "unavailable");
  server.isDown = false;
  server.time += 30_000;
  t.match(await keys.find("ES256", "1"), { kid: "1" });
});

t.test(
  "a server that answers nonsense is one that fails, and a set without keys empties nothing",
  async (t) => {
    const texts = [
      "",
      "<html>",
      "{}",
      '{"keys":{}}',
      '{"keys":[]}',
      '{"keys":[null,1,{"kty":"oct","k":"AAAA"}]}',
      " ".repeat(300_000),
    ];
    for (const text of [...texts, JSON.stringify({ keys: Array(101).fill(first.jwk) })]) {
      const options = { url, cacheFor: 1, cooldown: 1, staleFor: 1, timeout: 1, now: () => 0 };
      const keys = new RemoteKeys({ ...options, onChange() {}, onFailure() {}, fetch: async () => text });
      await t.rejects(keys.start(), text.slice(0, 20));
    }
  },
);

onEachEngine("tokens are verified with keys that are fetched, within the grants", async (t, engine) => {
  let fetches = 0;
  const fetch = () => {
    fetches++;
    return Response.json({ keys: [first.jwk] });
  };
  const config = { strategies: [{ type: "jwt", issuer, audience, jwks: url }] };
  const plugins = [{ plugin: "auth", config, grants: { fetch: ["https://login.example.com"] } }];
  await using gateway = await testGateway({ plugins, fetch, engine });
  const ask = async (token: string) =>
    (await gateway.fetch("/", { headers: { authorization: `Bearer ${token}` } })).status;
  t.equal(await ask(await sign(first)), 200);
  for (let kid = 0; kid < 20; kid++) t.equal(await ask(await sign(first, {}, { kid: `k${kid}` })), 401);
  t.equal(fetches, 1);
  t.same(gateway.faults, []);
});

onEachEngine("without its keys it does not start, or starts closed", async (t, engine) => {
  let isDown = true;
  const fetch = () => (isDown ? new Response("", { status: 500 }) : Response.json({ keys: [first.jwk] }));
  const strategy = { type: "jwt", issuer, audience, jwks: url, jwksCooldown: 0 };
  const start = (onStart: string) =>
    testGateway({
      plugins: [
        {
          plugin: "auth",
          config: { strategies: [{ ...strategy, onStart }], require: "none" },
          grants: { fetch: ["https://login.example.com"] },
        },
      ],
      fetch,
      engine,
    });
  await t.rejects(start("refuse"), { message: /could not be fetched: status 500/ });
  await using gateway = await start("closed");
  const headers = { authorization: `Bearer ${await sign(first)}` };
  const response = await gateway.fetch("/", { headers });
  t.equal(response.status, 503);
  t.equal(response.headers.get("retry-after"), "1");
  isDown = false;
  t.equal((await gateway.fetch("/", { headers })).status, 200, "the keys came");
});

t.test("a cache of tokens is bounded and forgets at the end of a token", async (t) => {
  const cache = new TokenCache<number>(100);
  for (let token = 0; token < 10_000; token++) {
    cache.set(`${token}`, token, 1000);
    if (token % 10 === 0) t.ok(cache.get("0", 0) === 0, "what is used stays");
    if (cache.size > 101) t.fail(`${cache.size} entries`);
  }
  t.equal(cache.get("9999", 999), 9999);
  t.equal(cache.get("9999", 1000), null);
  cache.clear();
  t.equal(cache.get("9999", 0), null);
  const none = new TokenCache<number>(0);
  none.set("a", 1, 1000);
  t.equal(none.get("a", 0), null);
});

t.test("fieldText makes one word of anything", async (t) => {
  t.equal(fieldText("alice@example.com"), "alice@example.com");
  t.equal(fieldText("a\r\nx-evil: 1"), "a%0D%0Ax-evil:%201");
  t.equal(fieldText("\ud800%,"), "%EF%BF%BD%25%2C");
});
