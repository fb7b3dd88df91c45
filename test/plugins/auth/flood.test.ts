/** Many at once: those who wait for a turn are not refused, and a policy that is busy is not one that fails. */
import { pbkdf2Sync } from "node:crypto";
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { signedRequest } from "./signer.ts";
import { audience, issuer, newSigner, sign } from "./tokens.ts";

t.teardown(stopBundler);
t.setTimeout(120_000);

const salt = Buffer.from("0123456789abcdef");
const rounds = 200_000;
const hash = pbkdf2Sync("right", salt, rounds, 32, "sha256").toString("base64");
const alice = { user: "alice", password: `pbkdf2:sha256:${rounds}:${salt.toString("base64")}:${hash}` };
const basic = (password: string) => ({ headers: { authorization: `Basic ${btoa(`alice:${password}`)}` } });
const countOf = (statuses: readonly number[], status: number) =>
  statuses.filter((one) => one === status).length;

onEachEngine("three hundred tokens that nobody has seen yet are good at the same time", async (t, engine) => {
  const signer = await newSigner("ES256", "ec");
  const strategies = [{ type: "jwt", issuer, audience, keys: [{ jwk: signer.jwk }] }];
  await using gateway = await testGateway({ plugins: [["auth", { strategies }]], engine });
  const tokens = await Promise.all(
    Array.from({ length: 300 }, (_, index) => sign(signer, { jti: `${index}` })),
  );
  const statuses = await Promise.all(
    tokens.map(
      async (token) => (await gateway.fetch("/", { headers: { authorization: `Bearer ${token}` } })).status,
    ),
  );
  t.equal(countOf(statuses, 200), 300);
  t.same(gateway.faults, []);
});

onEachEngine("three hundred signed requests are good at the same time", async (t, engine) => {
  const key = {
    keyid: "k",
    alg: "ed25519",
    key: (await import("node:crypto")).generateKeyPairSync("ed25519"),
  };
  const jwk = key.key.publicKey.export({ format: "jwk" });
  const strategies = [{ type: "signature", keys: [{ keyid: "k", alg: "ed25519", jwk }] }];
  await using gateway = await testGateway({ plugins: [["auth", { strategies }]], engine });
  const requests = Array.from({ length: 300 }, () => signedRequest({ ...key, key: key.key.privateKey }));
  const statuses = await Promise.all(
    requests.map(async ({ url, init }) => (await gateway.fetch(url, init)).status),
  );
  t.equal(countOf(statuses, 200), 300);
  t.same(gateway.faults, []);
});

onEachEngine("three hundred requests may be asked about at the same time", async (t, engine) => {
  const origin = "https://auth.example.com";
  const forward = { type: "forward-auth", url: origin };
  const introspection = {
    ...{ type: "introspection", endpoint: origin, audience: [], tokenTypes: [], subjectClaim: "jti" },
    ...{ clientAuth: "none", onStart: "closed" },
  };
  for (const strategy of [forward, introspection]) {
    let underWay = 0;
    let most = 0;
    await using gateway = await testGateway({
      plugins: [{ plugin: "auth", config: { strategies: [strategy] }, grants: { fetch: [origin] } }],
      async fetch(request) {
        most = Math.max(most, ++underWay);
        const token = new URLSearchParams(await request.text()).get("token");
        await new Promise((resolve) => setImmediate(resolve));
        underWay--;
        return Response.json({ active: true, jti: token });
      },
      engine,
    });
    const all = Array.from({ length: 300 }, async (_, index) => {
      const headers = { authorization: `Bearer token-${index}` };
      return (await gateway.fetch("/", { headers })).status;
    });
    t.equal(countOf(await Promise.all(all), 200), 300, strategy.type);
    t.ok(most <= 48, `${most} at once`);
    t.same(gateway.faults, []);
  }
});

onEachEngine("attack: a hundred passwords at once do not bring the policy down", async (t, engine) => {
  const strategies = [{ type: "basic", users: [alice], attempts: 0 }];
  await using gateway = await testGateway({ plugins: [["auth", { strategies }]], engine });
  t.equal((await gateway.fetch("/", basic("right"))).status, 200);
  const attack = Array.from({ length: 100 }, async (_, index) => gateway.fetch("/", basic(`wrong ${index}`)));
  const begun = performance.now();
  t.equal((await gateway.fetch("/", basic("right"))).status, 200, "who is remembered waits for nobody");
  const statuses = (await Promise.all(attack)).map(({ status }) => status);
  t.equal(countOf(statuses, 401) + countOf(statuses, 503), 100);
  t.ok(countOf(statuses, 503) > 0, "those for whom there is no time are told so at once");
  t.ok(performance.now() - begun < 10_000);
  t.same(gateway.faults, []);
  t.equal((await gateway.fetch("/", basic("right again"))).status, 401, "it goes on");
});
