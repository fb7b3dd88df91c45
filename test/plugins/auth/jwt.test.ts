import { createHmac } from "node:crypto";
import { exportSPKI, importJWK, SignJWT } from "jose";
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { type TestGatewayOptions, testGateway } from "../../../core/testing/index.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";
import { audience, base64Url, issuer, newSigner, sign } from "./tokens.ts";

t.teardown(stopBundler);
t.setTimeout(120_000);

const ec = await newSigner("ES256", "ec");
const rsa = await newSigner("RS256", "rsa");
const ed = await newSigner("EdDSA", "ed");
const pem = await exportSPKI((await importJWK(rsa.jwk, "RS256")) as CryptoKey);
const secret = "0123456789abcdef0123456789abcdef";
const base = { type: "jwt", issuer, audience, keys: [{ jwk: ec.jwk }, { jwk: rsa.jwk }, { jwk: ed.jwk }] };
const upstream = (request: Request) => Response.json(Object.fromEntries(request.headers));

const start = (settings: object = {}, options: Partial<TestGatewayOptions> = {}, config: object = {}) =>
  testGateway({
    plugins: [["auth", { strategies: [{ ...base, ...settings }], ...config }]],
    upstream,
    ...options,
  });
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const seenBy = async (response: Promise<Response>) =>
  (await (await response).json()) as Record<string, string>;

onEachEngine("a token that a known key signed is believed", async (t, engine) => {
  await using gateway = await start({}, { engine }, { requireScopes: ["orders:read"] });
  for (const signer of [ec, rsa, ed]) {
    const token = await sign(signer, { scope: "orders:read x", groups: ["g"] });
    for (const turn of ["first", "remembered"]) {
      const seen = await seenBy(gateway.fetch("/", bearer(token)));
      t.match(seen, { "x-auth-subject": "alice", "x-auth-method": "jwt", "x-auth-groups": "g" }, turn);
      t.notOk("authorization" in seen);
    }
  }
  const without = await gateway.fetch("/");
  t.equal(without.status, 401);
  t.equal(without.headers.get("www-authenticate"), 'Bearer realm="api"');
  const lacking = await gateway.fetch("/", bearer(await sign(ec)));
  t.equal(lacking.status, 403);
  t.equal(lacking.headers.get("www-authenticate"), 'Bearer error="insufficient_scope", scope="orders:read"');
  t.same(gateway.faults, []);
});

/** Asks with a token that must not be believed, and tells why it was not. */
async function reasonFor(token: string, settings: object = {}, options: Partial<TestGatewayOptions> = {}) {
  await using gateway = await start(settings, options);
  const response = await gateway.fetch("/", bearer(token));
  if (response.status !== 401) return `status ${response.status}`;
  const challenge = response.headers.get("www-authenticate") ?? "";
  if (!challenge.includes('error="invalid_token"')) return `challenge ${challenge}`;
  const names =
    "malformed algorithm unknown_key signature claims expired subject bound invalid ambiguous".split(" ");
  return names.find((name) => gateway.metrics.counter(`refused_${name}`) === 1);
}

onEachEngine("attack: a token without a signature, alg none in any spelling", async (t, engine) => {
  const claims = base64Url({ iss: issuer, aud: audience, sub: "admin", exp: 9e9 });
  for (const alg of ["none", "None", "NONE", "nOnE", ""]) {
    const header = base64Url({ alg, kid: "ec" });
    t.equal(await reasonFor(`${header}.${claims}.`, {}, { engine }), "malformed", alg);
    t.equal(await reasonFor(`${header}.${claims}.AAAA`, {}, { engine }), "algorithm", alg);
  }
  t.equal(await reasonFor(`${base64Url({ alg: ["ES256"] })}.${claims}.AAAA`), "malformed");
});

onEachEngine("attack: the public RSA key as the secret of an HMAC", async (t, engine) => {
  const algorithms = ["HS256", "RS256"];
  const head = base64Url({ alg: "HS256", kid: "rsa" });
  const claims = base64Url({ iss: issuer, aud: audience, sub: "admin", exp: 9e9 });
  for (const key of [
    pem,
    pem.trim(),
    JSON.stringify(rsa.jwk),
    rsa.jwk.n!,
    Buffer.from(rsa.jwk.n!, "base64url"),
  ]) {
    const mac = createHmac("sha256", key).update(`${head}.${claims}`).digest("base64url");
    for (const keys of [[{ jwk: rsa.jwk }], [{ pem, alg: "RS256", kid: "rsa" }], [{ pem, alg: "RS256" }]]) {
      t.equal(await reasonFor(`${head}.${claims}.${mac}`, { algorithms, keys }, { engine }), "unknown_key");
    }
  }
});

t.test("attack: a key that the token brings along, and extensions that must be understood", async (t) => {
  const own = await newSigner("ES256", "ec");
  for (const header of [
    { jwk: own.jwk },
    { jku: "https://evil.example/keys" },
    { x5u: "https://evil.example/c" },
    { x5c: ["MIIB"] },
  ]) {
    t.equal(await reasonFor(await sign(own, {}, header)), "malformed", Object.keys(header)[0]!);
  }
  t.equal(await reasonFor(await sign(own)), "signature");
  const parts = (await sign(ec)).split(".");
  const critical = base64Url({ alg: "ES256", kid: "ec", crit: ["exp"], exp: 1 });
  t.equal(await reasonFor(`${critical}.${parts[1]}.${parts[2]}`), "malformed");
});

t.test("attack: a kid that is a path, a query or a member of every object", async (t) => {
  const kids = [
    "../../../../dev/null",
    "/etc/passwd",
    "' OR 1=1 --",
    "__proto__",
    "constructor",
    "toString",
    "0",
    "\u0000",
  ];
  for (const kid of kids) t.equal(await reasonFor(await sign(ec, {}, { kid })), "unknown_key", kid);
  for (const kid of [1, null, {}, ["ec"]]) {
    const parts = (await sign(ec)).split(".");
    const reason = await reasonFor(`${base64Url({ alg: "ES256", kid })}.${parts[1]}.${parts[2]}`);
    t.ok(reason === "malformed" || reason === "signature", String(kid));
  }
});

t.test("attack: another text for the same bytes is another token", async (t) => {
  const token = await sign(ec);
  const last = token.at(-1)!;
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const sibling = token.slice(0, -1) + alphabet[alphabet.indexOf(last) + 1];
  const signature = (text: string) => Buffer.from(text.slice(text.lastIndexOf(".") + 1), "base64url");
  t.same(signature(sibling), signature(token));
  for (const same of [sibling, `${token}=`, `${token}==`, token.replaceAll("-", "+").replaceAll("_", "/")]) {
    if (same !== token) t.equal(await reasonFor(same), "malformed");
  }
  for (const bad of [
    `${token}.`,
    `.${token}`,
    `${token}.x.y`,
    "a.b",
    "..",
    "x".repeat(9000),
    `${token}, ${token}`,
  ]) {
    t.equal(await reasonFor(bad), "malformed", bad.slice(0, 10));
  }
});

t.test("claims are compared", async (t) => {
  const now = Math.floor(Date.now() / 1000);
  const bad: [claims: object, reason: string][] = [
    [{ exp: now - 60 }, "expired"],
    [{ nbf: now + 60 }, "claims"],
    [{ iss: "https://evil.example" }, "claims"],
    [{ iss: `${issuer}/` }, "claims"],
    [{ aud: "other" }, "claims"],
    [{ aud: undefined }, "claims"],
    [{ exp: undefined }, "claims"],
    [{ exp: "9999999999" }, "claims"],
    [{ sub: undefined }, "subject"],
    [{ sub: "" }, "subject"],
    [{ sub: 7 }, "subject"],
  ];
  for (const [claims, reason] of bad) {
    t.equal(await reasonFor(await sign(ec, { ...claims })), reason, JSON.stringify(claims));
  }
  t.equal(await reasonFor(await sign(ec, { iat: now - 100 }), { maxAge: 60 }), "expired");
  t.equal(await reasonFor(await sign(ec), { requiredClaims: ["exp", "tenant"] }), "claims");
  t.equal(await reasonFor(await sign(ec), { typ: "at+jwt" }), "claims");
  t.equal(await reasonFor(await sign(rsa), { algorithms: ["ES256"] }), "algorithm");
  t.equal(await reasonFor(await sign(ec, { exp: now - 3 })), "status 200", "clocks differ a little");
  t.equal(await reasonFor(await sign(ec, { aud: ["x", audience] })), "status 200");
  t.equal(await reasonFor(await sign(ec, {}, { typ: "at+jwt" }), { typ: "at+jwt" }), "status 200");
});

t.test("attack: a stolen token that is bound to a key of its owner", async (t) => {
  const bindings = [{ "x5t#S256": "A".repeat(43) }, { jkt: "A".repeat(43) }, null];
  for (const cnf of bindings) t.equal(await reasonFor(await sign(ec, { cnf })), "bound", JSON.stringify(cnf));
  t.equal(await reasonFor(await sign(ec, { cnf: bindings[0] }), { bound: true }), "status 200");
});

t.test("claims lie where the issuer puts them", async (t) => {
  const names = { subjectClaim: "email", scopesClaim: "scp", groupsClaim: "realm_access.roles" };
  await using gateway = await start(names, {}, { identityHeaders: { claims: { tenant: "x-tenant" } } });
  const claims = { email: "a@b.c", scp: ["x", "y"], realm_access: { roles: ["admin"] }, tenant: 7 };
  const seen = await seenBy(gateway.fetch("/", bearer(await sign(ec, claims))));
  t.match(seen, {
    "x-auth-subject": "a@b.c",
    "x-auth-scopes": "x y",
    "x-auth-groups": "admin",
    "x-tenant": "7",
  });
});

onEachEngine("keys as PEM and as a shared secret", async (t, engine) => {
  const keys = [
    { pem, alg: "PS256" },
    { secret, alg: "HS256", kid: "shared" },
  ];
  await using gateway = await start({ keys, algorithms: ["PS256", "HS256"] }, { engine });
  const pss = await new SignJWT({ iss: issuer, aud: audience, sub: "bob", exp: 9e9 })
    .setProtectedHeader({ alg: "HS256", kid: "shared" })
    .sign(new TextEncoder().encode(secret));
  t.equal((await gateway.fetch("/", bearer(pss))).status, 200);
  t.equal((await gateway.fetch("/", bearer(`${pss.slice(0, -5)}AAAAA`))).status, 401);
});

t.test("keys that are none are refused when they are loaded, without telling them", async (t) => {
  const refused = (keys: object[], message: RegExp) => t.rejects(start({ keys }), { message });
  await refused([{ secret: "short", alg: "HS256" }], /keys\/0 has less than 32 bytes/);
  await refused([{ secret }], /has no alg/);
  await refused([{ secret, alg: "RS256" }], /alg does not belong/);
  await refused([{ jwk: ec.jwk, pem }], /has not one of/);
  await refused([{ jwk: "{ secret" }], /keys\/0\/jwk is no key$/);
  await refused([{ pem: "secret", alg: "RS256" }], /no public key for RS256$/);
  await refused([{ jwk: { ...ec.jwk, use: "enc" } }], /no key for signatures/);
  await refused([{ jwk: { ...ec.jwk, x: "AAAA" } }], /could not be read/);
  await refused([], /neither jwks nor keys/);
  await refused([{ secret, alg: "HS256" }], /no key has one of the algorithms/);
  await t.rejects(start({ audience: undefined }), { message: /audience is missing/ });
});

t.test("through a real listener", async (t) => {
  const service = await startUpstream(t, () => ok("here"));
  const { ask } = await startBuiltInGateway(t, service.address, [
    { plugin: "auth", config: { strategies: [base], require: "any" } },
  ]);
  t.equal((await ask(get("/"))).status, 401);
  const token = await sign(ec);
  for (const _ of [1, 2]) t.equal((await ask(get("/", `Authorization: bearer ${token}`))).status, 200);
  t.equal((await ask(get("/", `Authorization: Basic ${token}`))).status, 401);
});
