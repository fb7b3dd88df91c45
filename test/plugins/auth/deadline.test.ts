/** What takes longer than a phase may: a policy that waits for others answers in time, and is not one that fails. */
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";
import { audience, issuer, newSigner, sign } from "./tokens.ts";

t.teardown(stopBundler);

const origin = "https://login.example.com";
const signer = await newSigner("ES256", "1");

onEachEngine("attack: a server that never answers does not bring the policy down", async (t, engine) => {
  const strategies = [
    { type: "forward-auth", url: origin, onlyWith: ["x-forward"] },
    { type: "jwt", issuer, audience, jwks: origin, onStart: "closed", jwksCooldown: 0 },
  ];
  await using gateway = await testGateway({
    plugins: [
      { plugin: "auth", config: { strategies }, grants: { fetch: [origin] }, limits: { wall: "300ms" } },
    ],
    fetch: ({ headers }) =>
      headers.has("x-forwarded-uri") ? new Promise(() => {}) : new Response(null, { status: 500 }),
    engine,
  });
  const all = Array.from({ length: 8 }, (_, index) =>
    gateway.fetch("/", { headers: { "x-forward": `${index}` } }),
  );
  for (const response of await Promise.all(all)) {
    t.equal(response.status, 503);
    t.equal(response.headers.get("retry-after"), "1");
  }
  t.equal((await gateway.fetch("/")).status, 401, "others are served");
  t.same(gateway.faults, []);
});

t.test("while a new key set is fetched the old one is used, however long that takes", async (t) => {
  let fetches = 0;
  const strategies = [
    { type: "jwt", issuer, audience, jwks: origin, jwksCacheFor: 0, cache: 0, jwksCooldown: 0 },
  ];
  await using gateway = await testGateway({
    plugins: [
      { plugin: "auth", config: { strategies }, grants: { fetch: [origin] }, limits: { wall: "500ms" } },
    ],
    fetch: () => (fetches++ === 0 ? Response.json({ keys: [signer.jwk] }) : new Promise(() => {})),
  });
  for (let turn = 0; turn < 10; turn++) {
    const headers = { authorization: `Bearer ${await sign(signer, { jti: `${turn}` })}` };
    t.equal((await gateway.fetch("/", { headers })).status, 200);
  }
  t.equal(fetches, 2);
  t.same(gateway.faults, []);
});

t.test("attack: bodies of webhooks that come byte by byte do not bring the policy down", async (t) => {
  const service = await startUpstream(t, () => ok("here"));
  const config = { strategies: [{ type: "webhook", sender: "github", secrets: ["0123456789"] }] };
  const { ask, connect, log } = await startBuiltInGateway(t, service.address, [{ plugin: "auth", config }], {
    settings: { auth: { limits: { wall: 300 } } },
  });
  const clients = await Promise.all(Array.from({ length: 8 }, () => connect()));
  for (const client of clients) {
    client.write(
      `POST / HTTP/1.1\r\nHost: a\r\nX-Hub-Signature-256: sha256=${"0".repeat(64)}\r\nContent-Length: 100\r\n\r\nx`,
    );
  }
  for (const client of clients) t.match(await client.take("\r\n"), "HTTP/1.1 503");
  t.equal((await ask(get("/"))).status, 401, "others are served");
  t.same(
    log.entries.filter(({ level }) => level === "error"),
    [],
  );
});
