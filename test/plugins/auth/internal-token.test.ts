import { createHash } from "node:crypto";
import { exportJWK, exportPKCS8, generateKeyPair, jwtVerify } from "jose";
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { type TestEngine, testGateway } from "../../../core/testing/index.ts";
import { InternalTokens } from "../../../plugins/auth/internal-token.ts";
import { onEachEngine } from "../../support/each-engine.ts";

t.teardown(stopBundler);

const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
const pem = await exportPKCS8(privateKey);
const jwk = JSON.stringify(await exportJWK(privateKey));
const secret = "0123456789abcdef0123456789abcdef";
const key = createHash("sha256").update("secret").digest("hex");
const known = {
  key,
  subject: "billing",
  scopes: ["a", "b"],
  groups: ["g"],
  claims: { tenant: "acme", iss: "evil" },
};

function start(token: object, engine?: TestEngine) {
  const config = { strategies: [{ type: "api-key", keys: [known] }], identityHeaders: { token } };
  const upstream = (request: Request) => Response.json(Object.fromEntries(request.headers));
  return testGateway({ plugins: [["auth", config]], upstream, ...(engine !== undefined && { engine }) });
}

onEachEngine("the service gets a token that it can check", async (t, engine) => {
  for (const [alg, key, verifyingKey] of [
    ["ES256", pem, publicKey],
    ["ES256", jwk, publicKey],
    ["HS256", secret, new TextEncoder().encode(secret)],
  ] as const) {
    const settings = { alg, key, kid: "k1", audience: "orders", claims: ["tenant", "iss", "none"] };
    await using gateway = await start(settings, engine);
    const headers = { "x-api-key": "secret", "x-auth-token": "forged", x_auth_token: "forged" };
    const tokens: string[] = [];
    for (let turn = 0; turn < 2; turn++) {
      const seen = (await (await gateway.fetch("/", { headers })).json()) as Record<string, string>;
      tokens.push(seen["x-auth-token"]!);
      t.notOk("x_auth_token" in seen);
    }
    t.equal(tokens[0], tokens[1], "it is signed once");
    const rules = { issuer: "sluice", audience: "orders", algorithms: [alg] };
    const { payload, protectedHeader } = await jwtVerify(tokens[0]!, verifyingKey as CryptoKey, rules);
    t.match(payload, { sub: "billing", scope: "a b", groups: ["g"], method: "api-key", tenant: "acme" });
    t.equal(payload.exp! - payload.iat!, 60);
    t.equal(protectedHeader.kid, "k1");
    t.same(gateway.faults, []);
  }
});

t.test("a token is signed anew when half of its time is over", async (t) => {
  let now = 0;
  const config = {
    header: "x",
    alg: "HS256",
    key: secret,
    kid: "",
    issuer: "i",
    audience: "",
    lifetime: 60,
    claims: [],
  } as const;
  const tokens = await InternalTokens.from(config, () => now);
  const identity = { subject: "a", method: "m", claims: {}, scopes: [], groups: [] };
  const first = await tokens.of(identity);
  now = 29_999;
  t.equal(tokens.of(identity), first);
  now = 30_000;
  t.not(await tokens.of(identity), first);
});

t.test("a key that is none is refused, without being told", async (t) => {
  await t.rejects(start({ alg: "HS256", key: "hunter2" }), { message: /key has less than 32 bytes/ });
  for (const key of [
    "hunter2",
    "{hunter2",
    JSON.stringify({ kty: "EC", crv: "P-256", x: "hunter2" }),
    pem.slice(0, 60),
  ]) {
    await t.rejects(start({ key }), {
      message: /token\.key is no private key for ES256, as PEM \(BEGIN PRIVATE KEY\) or JWK$/m,
    });
  }
});
