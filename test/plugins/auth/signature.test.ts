import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { type TestGatewayOptions, testGateway } from "../../../core/testing/index.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";
import { type Signing, type SigningKey, signedRequest } from "./signer.ts";

t.teardown(stopBundler);
t.setTimeout(120_000);

const secret = "0123456789abcdef0123456789abcdef";
const pairs: Readonly<Record<string, { publicKey: KeyObject; privateKey: KeyObject }>> = {
  ed25519: generateKeyPairSync("ed25519"),
  "ecdsa-p256-sha256": generateKeyPairSync("ec", { namedCurve: "P-256" }),
  "ecdsa-p384-sha384": generateKeyPairSync("ec", { namedCurve: "P-384" }),
  "rsa-pss-sha512": generateKeyPairSync("rsa", { modulusLength: 2048 }),
  "rsa-v1_5-sha256": generateKeyPairSync("rsa", { modulusLength: 2048 }),
};
const pemOf = (key: KeyObject) => key.export({ type: "spki", format: "pem" }) as string;
const knownKeys = [
  ...Object.entries(pairs).map(([alg, { publicKey }], index) => ({
    keyid: `key ${alg}`,
    alg,
    ...(index % 2 === 0 ? { pem: pemOf(publicKey) } : { jwk: publicKey.export({ format: "jwk" }) }),
  })),
  { keyid: "key hmac-sha256", alg: "hmac-sha256", secret, subject: "billing", scopes: ["a"], groups: ["g"] },
];
const signers: readonly SigningKey[] = [
  ...Object.entries(pairs).map(([alg, { privateKey }]) => ({ keyid: `key ${alg}`, alg, key: privateKey })),
  { keyid: "key hmac-sha256", alg: "hmac-sha256", key: secret },
];
const hmac = signers.at(-1)!;
const ed25519 = signers[0]!;

const start = (settings: object = {}, options: Partial<TestGatewayOptions> = {}) =>
  testGateway({
    plugins: [["auth", { strategies: [{ type: "signature", keys: knownKeys, ...settings }] }]],
    upstream: async (request) =>
      Response.json({ ...Object.fromEntries(request.headers), body: await request.text() }),
    ...options,
  });

type Gateway = Awaited<ReturnType<typeof testGateway>>;

/** The status, and why it is no 200. */
async function ask(gateway: Gateway, key: SigningKey, signing: Signing = {}, change: Sent = (sent) => sent) {
  const { url, init } = change(signedRequest(key, signing));
  const before = reasons.map((name) => gateway.metrics.counter(`refused_${name}`));
  const { status } = await gateway.fetch(url, init);
  if (status === 200) return "200";
  const reason = reasons.find((name, index) => gateway.metrics.counter(`refused_${name}`) > before[index]!);
  return `${status} ${reason}`;
}

type Sent = (sent: ReturnType<typeof signedRequest>) => ReturnType<typeof signedRequest>;

const reasons =
  "malformed tag unknown_key algorithm no_time early stale expired no_nonce not_covered component signature no_digest digest replayed".split(
    " ",
  );

/** Sends it with other fields than were signed. */
const withHeaders =
  (headers: Readonly<Record<string, string>>): Sent =>
  ({ url, init }) => ({ url, init: { ...init, headers: { ...init.headers, ...headers } } });

onEachEngine("a request that somebody signed with a known key passes, with its body", async (t, engine) => {
  await using gateway = await start({}, { engine });
  for (const key of signers) {
    const { url, init } = signedRequest(key, {
      method: "POST",
      url: "http://localhost/a%20b?c=d",
      body: "Zoë",
    });
    const response = await gateway.fetch(url, init);
    t.equal(response.status, 200, key.alg);
    t.match(await response.json(), {
      "x-auth-subject": key === hmac ? "billing" : key.keyid.replace(" ", "%20"),
      "x-auth-method": "signature",
      body: "Zoë",
    });
    t.equal(await ask(gateway, key), "200", "without a body");
    t.equal(await ask(gateway, { ...key, keyid: "nobody" }), "401 unknown_key");
  }
  const without = await gateway.fetch("/");
  t.equal(without.status, 401);
  t.equal(without.headers.get("www-authenticate"), 'Signature realm="api"');
  t.same(gateway.faults, []);
});

onEachEngine("attack: a request that was changed after it was signed", async (t, engine) => {
  await using gateway = await start({}, { engine });
  const post = { method: "POST", url: "http://localhost/a?b=c", body: "pay 1", headers: { "x-a": "1" } };
  const changes: readonly Sent[] = [
    ({ url, init }) => ({ url, init: { ...init, method: "PUT" } }),
    ({ init }) => ({ url: "http://localhost/A?b=c", init }),
    ({ init }) => ({ url: "http://localhost/a?b=d", init }),
    ({ init }) => ({ url: "http://localhost/a", init }),
    ({ init }) => ({ url: "http://other/a?b=c", init }),
  ];
  for (const key of [hmac, ed25519]) {
    t.equal(await ask(gateway, key, post), "200");
    for (const change of changes) t.equal(await ask(gateway, key, post, change), "401 signature");
    t.equal(
      await ask(gateway, key, post, ({ url, init }) => ({ url, init: { ...init, body: "pay 9" } })),
      "401 digest",
    );
    t.equal(
      await ask(gateway, key, post, ({ url, init }) => ({ url, init: { ...init, body: "" } })),
      "401 digest",
    );
  }
  const covered = ['"@method"', '"@target-uri"', '"x-a"', '"content-digest"'];
  t.equal(await ask(gateway, hmac, { ...post, covered }), "200");
  t.equal(await ask(gateway, hmac, { ...post, covered }, withHeaders({ "x-a": "2" })), "401 signature");
  t.equal(
    await ask(gateway, hmac, { ...post, covered }, withHeaders({ "x-b": "2" })),
    "200",
    "it is not covered",
  );
  t.same(gateway.faults, []);
});

t.test("attack: a body without a digest that is covered, or with one that says nothing", async (t) => {
  await using gateway = await start();
  const post = { method: "POST", body: "pay 1" };
  const parts = ['"@method"', '"@authority"', '"@path"', '"@query"'];
  t.equal(await ask(gateway, hmac, { ...post, covered: parts }), "401 no_digest");
  const weak = { ...post, headers: { "content-digest": "md5=:AAAA:" } };
  t.equal(await ask(gateway, hmac, weak), "401 digest");
  const lying = { ...post, headers: { "content-digest": "sha-256=:AAAA:" } };
  t.equal(await ask(gateway, hmac, lying), "401 digest");
  await using lax = await start({ body: "covered" });
  t.equal(await ask(lax, hmac, { ...post, covered: parts }), "200");
  t.equal(await ask(lax, hmac, lying), "401 digest", "what is covered has to be right");
  await using strict = await start({ body: "required" });
  t.equal(await ask(strict, hmac, {}), "401 no_digest");
  t.equal(await ask(strict, hmac, { body: "", method: "POST" }), "200");
});

t.test("attack: one digest is signed, and another one is added for another body", async (t) => {
  await using gateway = await start({ components: ["@method"] });
  const digestOf = (hash: string, body: string) => `:${createHash(hash).update(body).digest("base64")}:`;
  const member = '"content-digest";key="sha-256"';
  const signing = {
    method: "POST",
    body: "pay 1",
    covered: ['"@method"', member],
    values: { [member]: digestOf("sha256", "pay 1") },
  };
  t.equal(await ask(gateway, hmac, signing), "200");
  const added = `sha-256=${digestOf("sha256", "pay 1")}, sha-512=${digestOf("sha512", "pay 9")}`;
  const forge: Sent = ({ url, init }) => ({ url, init: { ...init, body: "pay 9" } });
  t.equal(
    await ask(gateway, hmac, signing, (sent) => forge(withHeaders({ "content-digest": added })(sent))),
    "401 digest",
  );
});

t.test(
  "attack: a digest that says nothing is signed, and one that is right is added for another body",
  async (t) => {
    await using gateway = await start({ components: ["@method"] });
    const member = '"content-digest";key="md5"';
    const signing = {
      ...{ method: "POST", body: "pay 9", headers: { "content-digest": "md5=:AAAA:" } },
      ...{ covered: ['"@method"', member], values: { [member]: ":AAAA:" } },
    };
    const right = createHash("sha256").update("pay 9").digest("base64");
    const added = withHeaders({ "content-digest": `md5=:AAAA:, sha-256=:${right}:` });
    t.equal(await ask(gateway, hmac, signing, added), "401 digest");
  },
);

t.test("attack: the algorithm is exchanged", async (t) => {
  const rsa = pairs["rsa-pss-sha512"]!;
  const pem = pemOf(rsa.publicKey);
  const keys = [{ keyid: "rsa", alg: "rsa-pss-sha512", pem }];
  await using gateway = await start({ keys });
  t.equal(await ask(gateway, { keyid: "rsa", alg: "rsa-pss-sha512", key: rsa.privateKey }), "200");
  // The public key as a secret; other paddings; another hash.
  t.equal(await ask(gateway, { keyid: "rsa", alg: "hmac-sha256", key: pem }), "401 signature");
  const params = { alg: "hmac-sha256" };
  t.equal(await ask(gateway, { keyid: "rsa", alg: "hmac-sha256", key: pem }, { params }), "401 algorithm");
  t.equal(await ask(gateway, { keyid: "rsa", alg: "rsa-v1_5-sha256", key: rsa.privateKey }), "401 signature");
  for (const alg of ["none", "", "rsa-v1_5-sha256", "RSA-PSS-SHA512"]) {
    const key = { keyid: "rsa", alg: "rsa-pss-sha512", key: rsa.privateKey };
    t.equal(await ask(gateway, key, { params: { alg } }), "401 algorithm", alg);
  }
  const key = { keyid: "rsa", alg: "rsa-pss-sha512", key: rsa.privateKey };
  t.equal(await ask(gateway, key, { params: { alg: "rsa-pss-sha512" } }), "200");
});

onEachEngine("attack: a signature comes again", async (t, engine) => {
  await using gateway = await start({}, { engine });
  const { url, init } = signedRequest(hmac);
  const statuses = await Promise.all(
    Array.from({ length: 10 }, async () => (await gateway.fetch(url, init)).status),
  );
  t.equal(statuses.filter((status) => status === 200).length, 1);
  t.equal(gateway.metrics.counter("refused_replayed"), 9);
  const nonce = "the same";
  t.equal(await ask(gateway, hmac, { params: { nonce } }), "200");
  t.equal(await ask(gateway, hmac, { params: { nonce }, url: "http://localhost/other" }), "401 replayed");
  t.equal(await ask(gateway, ed25519, { params: { nonce } }), "200", "another key has nonces of its own");
  t.equal(await ask(gateway, hmac, { params: { nonce: undefined } }), "401 no_nonce");
});

t.test("attack: nonces are used up by another key of the same name, as in another policy", async (t) => {
  const partner = (key: string) => ({ keyid: "partner", alg: "hmac-sha256", key });
  const [own, other] = [partner(secret), partner("another secret of 32 bytes or more")];
  const strategies = [own, other].map(({ key, ...rest }) => ({
    type: "signature",
    keys: [{ ...rest, secret: key }],
  }));
  await using gateway = await testGateway({
    plugins: [["auth", { strategies }]],
    upstream: () => new Response("here"),
  });
  const ask = async (key: SigningKey) => {
    const { url, init } = signedRequest(key, { params: { nonce: "1" } });
    return (await gateway.fetch(url, init)).status;
  };
  t.equal(await ask(other), 200);
  t.equal(await ask(own), 200, "it has not had that one");
  t.equal(await ask(own), 401, "and has it once");
});

t.test("attack: nonces of others are used up with signatures that are none", async (t) => {
  await using gateway = await start();
  const signing = { params: { nonce: "of somebody else" } };
  t.equal(await ask(gateway, { ...hmac, key: "another secret" }, signing), "401 signature");
  t.equal(
    await ask(gateway, hmac, { ...signing, method: "POST", body: "a" }, ({ url, init }) => ({
      url,
      init: { ...init, body: "b" },
    })),
    "401 digest",
  );
  t.equal(await ask(gateway, hmac, signing), "200");
});

t.test("without nonces being needed the same signature is good for its time", async (t) => {
  await using gateway = await start({ nonce: "optional" });
  const { url, init } = signedRequest(hmac, { params: { nonce: undefined } });
  for (let turn = 0; turn < 2; turn++) t.equal((await gateway.fetch(url, init)).status, 200);
  const once = signedRequest(hmac);
  t.equal((await gateway.fetch(once.url, once.init)).status, 200);
  t.equal((await gateway.fetch(once.url, once.init)).status, 401);
});

t.test(
  "attack: a signature that was kept, that comes from the future, or that says not when it was made",
  async (t) => {
    await using gateway = await start({ maxAge: 60, tolerance: 5 });
    const now = Math.floor(Date.now() / 1000);
    const at = (params: Record<string, number | undefined>) => ask(gateway, hmac, { params });
    t.equal(await at({ created: now - 67 }), "401 stale");
    t.equal(await at({ created: now - 60 }), "200");
    t.equal(await at({ created: now + 8 }), "401 early");
    t.equal(await at({ created: now + 3 }), "200");
    t.equal(await at({ created: undefined }), "401 no_time");
    t.equal(await at({ expires: now - 7 }), "401 expired");
    t.equal(await at({ expires: now + 60 }), "200");
    t.equal(
      await at({ created: now - 67, expires: now + 600 }),
      "401 stale",
      "it cannot give itself more time",
    );
    t.equal(await at({ created: -1 }), "401 stale");
  },
);

t.test("attack: a signature that covers less than it has to", async (t) => {
  const components = ["@method", "@path", "content-type", '@query-param;name="id"'];
  await using gateway = await start({ components });
  const url = "http://localhost/a?id=7";
  const headers = { "content-type": "text/plain" };
  const all = ['"@method"', '"@path"', '"content-type"'];
  t.equal(await ask(gateway, hmac, { url, headers, covered: all }), "401 not_covered");
  t.equal(await ask(gateway, hmac, { url, headers, covered: [] }), "401 not_covered");
  await using whole = await start({ components: ["@method", "@authority", "@path", "@query", "@scheme"] });
  t.equal(
    await ask(whole, hmac, { url, covered: ['"@method"', '"@target-uri"'] }),
    "200",
    "the whole covers its parts",
  );
  t.equal(await ask(whole, hmac, { url, covered: ['"@method"', '"@request-target"'] }), "401 not_covered");
});

t.test("attack: fields that cannot be read, or do not belong together", async (t) => {
  await using gateway = await start();
  const { init } = signedRequest(hmac);
  const input = init.headers["signature-input"];
  const value = init.headers.signature;
  const status = async (headers: Record<string, string>) => {
    const response = await gateway.fetch("/", { headers });
    return response.status;
  };
  const pairs: readonly (readonly [string | null, string | null])[] = [
    [input, null],
    [null, value],
    [input, value.replace("sig=", "other=")],
    ["", ""],
    [input, 'sig="text"'],
    [input, "sig=:AAA*:"],
    [input, "sig=:A:"],
    [input.replace('"@method"', '"@method" "@method"'), value],
    [input.replace('"@method"', "@method"), value],
    [input.replace('"@method"', "1"), value],
    [input.replace("(", ""), value],
    ["sig=1", value],
    [`${input};created="now"`, value],
    [`${input};nonce=1`, value],
    [`${input};keyid=hmac`, value],
    [
      `${input}, `
        .repeat(9)
        .slice(0, -2)
        .replaceAll(/sig=/g, () => `s${counter++}=`),
      value,
    ],
    [`${input};x="${"x".repeat(9000)}"`, value],
    [`sig=(${Array.from({ length: 65 }, (_, index) => `"h${index}"`).join(" ")});keyid="k"`, value],
  ];
  for (const [first, second] of pairs) {
    const headers = {
      ...(first !== null && { "signature-input": first }),
      ...(second !== null && { signature: second }),
    };
    t.equal(await status(headers), 401, first?.slice(0, 40) ?? "none");
  }
  t.equal(gateway.metrics.counter("refused_malformed"), pairs.length);
  t.same(gateway.faults, []);
});
let counter = 0;

t.test("attack: a parameter order, or a second identifier, that means the same", async (t) => {
  await using gateway = await start({ components: [], structuredFields: { "x-d": "dictionary" } });
  const covered = ['"x-d";sf;key="a"', '"x-d";key="a";sf'];
  const values = Object.fromEntries(covered.map((identifier) => [identifier, "1"]));
  const headers = { "x-d": "a=1" };
  t.equal(await ask(gateway, hmac, { covered, headers, values }), "401 malformed");
  t.equal(await ask(gateway, hmac, { covered: covered.slice(1), headers, values }), "200");
});

t.test("of several signatures one has to be good, and only those with the tag count", async (t) => {
  await using gateway = await start({ tag: "orders" });
  t.equal(await ask(gateway, hmac, { params: { tag: "orders" } }), "200");
  t.equal(await ask(gateway, hmac, { params: { tag: "other" } }), "401 tag");
  t.equal(await ask(gateway, hmac), "401 tag");
  const foreign = signedRequest(
    { ...hmac, keyid: "of another proxy" },
    { label: "proxy", params: { tag: "orders" } },
  ).init.headers;
  const join: Sent = ({ url, init }) => ({
    url,
    init: {
      ...init,
      headers: {
        ...init.headers,
        "signature-input": `${foreign["signature-input"]}, ${init.headers["signature-input"]}`,
        signature: `${foreign.signature}, ${init.headers.signature}`,
      },
    },
  });
  t.equal(await ask(gateway, hmac, { params: { tag: "orders" } }, join), "200");
});

t.test("attack: other than ASCII characters in a field that is covered", async (t) => {
  await using gateway = await start({ components: [] });
  t.equal(await ask(gateway, hmac, { covered: ['"x-a"'], headers: { "x-a": "\u00e9" } }), "401 component");
});

t.test("a config that cannot be meant so is refused, without telling a key", async (t) => {
  const refused = async (settings: object, message: RegExp) => {
    const error = await start(settings).then(
      () => new Error("it was taken"),
      (reason: Error) => reason,
    );
    t.match(error.message, message);
    t.notMatch(error.message, /hunter2/);
  };
  const key = (settings: object) => ({ keys: [{ keyid: "k", alg: "ed25519", ...settings }] });
  const { publicKey } = pairs["ed25519"]!;
  const ec = pairs["ecdsa-p256-sha256"]!.publicKey;
  const short = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey;
  await refused({ keys: [] }, /strategies\/0\/keys/);
  await refused(key({}), /keys\/0 has not one of jwk, pem and secret/);
  await refused(key({ secret: "hunter2" }), /keys\/0 has a secret, and ed25519 has none/);
  await refused(key({ pem: "hunter2" }), /keys\/0 is no public key for ed25519/);
  await refused(key({ pem: pemOf(ec) }), /keys\/0 is no public key for ed25519/);
  await refused(key({ jwk: ec.export({ format: "jwk" }) }), /jwk is not of the type/);
  await refused(key({ alg: "hmac-sha256", secret: "hunter2" }), /keys\/0 has less than 32 bytes/);
  await refused(key({ alg: "hmac-sha256", pem: pemOf(publicKey) }), /keys\/0 has no secret/);
  await refused(key({ alg: "hmac-sha256", jwk: publicKey.export({ format: "jwk" }) }), /jwk is no secret/);
  await refused(
    key({ alg: "rsa-pss-sha512", pem: pemOf(short) }),
    /keys\/0 is no public key for rsa-pss-sha512, or a weak one/,
  );
  const jwk = short.export({ format: "jwk" });
  await refused(key({ alg: "rsa-v1_5-sha256", jwk }), /keys\/0 is no public key for .*, or a weak one/);
  await refused(key({ alg: "none", pem: "x" }), /alg is not one of/);
  await refused({ keys: [...knownKeys, knownKeys[0]] }, /keyid is there twice/);
  await refused({ components: ["a b"] }, /components has a b/);
});

for (const engine of [undefined, "quickjs"] as const) {
  t.test(`through a real listener, engine: ${engine ?? "its own"}`, async (t) => {
    const service = await startUpstream(t, () => ok("here"));
    const config = { strategies: [{ type: "signature", keys: knownKeys }] };
    const { ask } = await startBuiltInGateway(
      t,
      service.address,
      [{ plugin: "auth", config }],
      engine && { engine },
    );
    const text = (signing: Signing, body = signing.body ?? "") => {
      const { init } = signedRequest(ed25519, signing);
      const fields = Object.entries(init.headers).map(([name, value]) => `${name}: ${value}\r\n`);
      return `POST /pay?now=1 HTTP/1.1\r\nHost: Shop.example\r\n${fields.join("")}Content-Length: ${body.length}\r\n\r\n${body}`;
    };
    const signing = { method: "POST", url: "http://shop.example/pay?now=1", body: "pay 1" };
    const good = text(signing);
    t.equal((await ask(good)).status, 200);
    t.equal((await ask(good)).status, 401, "replayed");
    t.equal((await ask(text(signing, "pay 9"))).status, 401);
    t.equal((await ask(text({ ...signing, url: "http://shop.example/pay" }))).status, 401);
  });
}
