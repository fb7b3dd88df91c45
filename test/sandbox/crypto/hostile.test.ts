/** The host against a guest whose runtime is no longer ours: every text and every byte is its choice. */
import t, { type Test } from "tap";
import { type CryptoHost, createCryptoHost } from "../../../core/sandbox/host/crypto/crypto.ts";
import { defaultCryptoLimits } from "../../../core/sandbox/host/crypto/limits.ts";
import { HostCallError } from "../../../core/sandbox/host/error.ts";
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import { utf8 } from "./bytes.ts";

const keyOps = [
  HostOp.exportKey,
  HostOp.sign,
  HostOp.verify,
  HostOp.encrypt,
  HostOp.decrypt,
  HostOp.deriveBits,
];
const requestOps = [HostOp.generateKey, HostOp.importKey, ...keyOps];

/** Calls the host; a failure at once and a late one look the same. */
async function call(host: CryptoHost, op: number, request: unknown, bytes?: Uint8Array) {
  const text = typeof request === "string" ? request : JSON.stringify(request);
  return host.handlers.get(op)!(text, bytes);
}

/** What a refusal must be: an error for guests, whose text shows nothing of the host. */
function refusal(name: string) {
  return (error: unknown) =>
    error instanceof HostCallError &&
    error.name === name &&
    !/[\\/]|node|deno|openssl|JSON\.parse/i.test(error.message);
}

async function refuses(t: Test, name: string, calling: Promise<unknown>, about: string) {
  const error = await calling.then(
    () => null,
    (error: unknown) => error,
  );
  t.ok(refusal(name)(error), about, { found: error });
}

async function importHmac(
  host: CryptoHost,
  usages = ["sign", "verify"],
  extractable = false,
): Promise<string> {
  const request = {
    ...{ format: "raw", name: "HMAC", hash: "SHA-256", extractable, usages },
    parts: { keyData: 6 },
  };
  const keys = JSON.parse((await call(host, HostOp.importKey, request, utf8("secret"))) as string);
  return keys[0].token;
}

t.test("text that is no request is refused", async (t) => {
  const host = createCryptoHost();
  const texts = [
    ...["", "null", "1", '"text"', "[]", "{}", "{", "\0", "\ud800", "undefined", "{}{}"],
    ...['{"parts":null}', '{"parts":[1]}', '{"parts":{"data":-1}}', '{"parts":{"data":0.5}}'],
    ...[
      '{"parts":{"data":1}}',
      '{"parts":{"data":1e300}}',
      '{"parts":{"data":"1"}}',
      '{"parts":{"data":null}}',
    ],
    ...["[".repeat(60_000), '{"a":'.repeat(10_000)],
    `{"parts":${JSON.stringify(Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`p${i}`, 0])))}}`,
  ];
  for (const op of requestOps) {
    for (const text of texts)
      await refuses(t, "TypeError", call(host, op, text), `${op} ${JSON.stringify(text.slice(0, 50))}`);
    await refuses(t, "TypeError", call(host, op, '{"parts":{}}', utf8("more")), "bytes that no part has");
    await refuses(t, "QuotaExceededError", call(host, op, `"${"x".repeat(65_536)}"`), "a long text");
  }
  await refuses(
    t,
    "NotSupportedError",
    call(host, HostOp.digest, "sha256"),
    "a name that only the platform knows",
  );
  await refuses(t, "NotSupportedError", call(host, HostOp.digest, "__proto__"), "a name of Object.prototype");
});

t.test("values of other types and names outside the tables are refused", async (t) => {
  const host = createCryptoHost();
  const good = {
    ...{ format: "raw", name: "HMAC", hash: "SHA-256", extractable: false, usages: ["sign"] },
    parts: { keyData: 6 },
  };
  const changes = [
    ...[{ name: "hmac" }, { name: ["HMAC"] }, { name: null }, { name: "RSA-OAEP" }, { name: "constructor" }],
    ...[{ hash: "sha256" }, { hash: { name: "SHA-256" } }, { hash: "md5" }, { hash: "SHA-256 " }],
    ...[
      { extractable: 1 },
      { extractable: null },
      { usages: "sign" },
      { usages: [["sign"]] },
      { usages: [null] },
    ],
    ...[{ usages: new Array(65).fill("sign") }, { usages: { length: 1, 0: "sign" } }, { format: "pem" }],
    ...[{ length: "48" }, { length: -8 }, { length: 1e300 }, { length: 4.5 }, { length: null }],
    ...[
      { parts: { other: 6 } },
      { format: "jwk" },
      { format: "jwk", jwk: null },
      { format: "jwk", jwk: "k" },
    ],
    ...[
      { format: "jwk", jwk: { k: 1 } },
      { format: "jwk", jwk: { ext: "no" } },
      { format: "jwk", jwk: { key_ops: "sign" } },
    ],
    { format: "jwk", jwk: { key_ops: [1] } },
  ];
  for (const change of changes) {
    const request = { ...good, ...change };
    await refuses(
      t,
      "TypeError",
      call(host, HostOp.importKey, request, utf8("secret")),
      JSON.stringify(change),
    );
  }
  const polluted = `{"__proto__":{"hash":"SHA-256"},${JSON.stringify({ ...good, hash: undefined }).slice(1)}`;
  await refuses(t, "TypeError", call(host, HostOp.importKey, polluted, utf8("secret")), "__proto__");
  const deep = { ...good, hash: undefined, into: good };
  await refuses(t, "TypeError", call(host, HostOp.importKey, deep, utf8("secret")), "a nested request");
});

t.test("tokens that the host has not made are refused", async (t) => {
  const host = createCryptoHost();
  const token = await importHmac(host);
  const sealed = Buffer.from(token, "base64");
  const flipped = Array.from(sealed, (_, i) => {
    const copy = Buffer.from(sealed);
    copy[i]! ^= 0x10;
    return copy.toString("base64");
  });
  const foreign = await importHmac(createCryptoHost());
  const pieces = [
    "",
    "1",
    "AAAA",
    token.slice(4),
    token.slice(0, -4),
    token + token,
    "\ud800",
    "x".repeat(30_000),
  ];
  for (const key of [...flipped, ...pieces, foreign]) {
    const request = { key, name: "HMAC", parts: { data: 4 } };
    await refuses(
      t,
      "InvalidAccessError",
      call(host, HostOp.sign, request, utf8("data")),
      JSON.stringify(key.slice(0, 20)),
    );
  }
  for (const key of [1, null, [token], { toString: token }]) {
    await refuses(t, "TypeError", call(host, HostOp.sign, { key, name: "HMAC", parts: {} }), "no text");
  }
});

t.test("bytes that no part has are refused, and the host keeps none of the guest's bytes", async (t) => {
  const host = createCryptoHost();
  const key = await importHmac(host);
  const sign = (data: string) =>
    call(host, HostOp.sign, { key, name: "HMAC", parts: { data: 4 } }, utf8(data));
  await refuses(t, "TypeError", sign("data and more"), "more");
  await refuses(t, "TypeError", sign("dat"), "less");

  const material = utf8("secret");
  const request = {
    ...{ format: "raw", name: "HMAC", hash: "SHA-256", extractable: false, usages: ["sign"] },
    parts: { keyData: 6 },
  };
  const keys = JSON.parse((await call(host, HostOp.importKey, request, material)) as string);
  material.fill(0);
  const same = { key: keys[0].token, name: "HMAC", parts: { data: 4 } };
  t.same(await call(host, HostOp.sign, same, utf8("data")), await sign("data"));
});

t.test("a token tells nothing of its key", async (t) => {
  const sealed = Buffer.from(await importHmac(createCryptoHost()), "base64").toString("latin1");
  t.notMatch(sealed, /secret|HMAC|SHA/);
  const host = createCryptoHost();
  t.not(await importHmac(host), await importHmac(host), "the same key twice");
});

t.test("a key does only what it was made for, whatever the guest says about it", async (t) => {
  const host = createCryptoHost();
  const key = await importHmac(host, ["verify"]);
  const lies = {
    key,
    usages: ["sign"],
    extractable: true,
    type: "secret",
    parts: { data: 4, iv: 0, salt: 0, info: 0 },
  };
  const ask = (op: number, more: object) => call(host, op, { ...lies, ...more }, utf8("data"));
  await refuses(t, "InvalidAccessError", ask(HostOp.sign, { name: "HMAC" }), "sign");
  await refuses(t, "InvalidAccessError", ask(HostOp.exportKey, { format: "raw" }), "export raw");
  await refuses(t, "InvalidAccessError", ask(HostOp.exportKey, { format: "jwk" }), "export jwk");
  await refuses(t, "InvalidAccessError", ask(HostOp.encrypt, { name: "AES-GCM" }), "encrypt");
  await refuses(t, "InvalidAccessError", ask(HostOp.encrypt, { name: "HMAC" }), "encrypt with HMAC");
  await refuses(
    t,
    "InvalidAccessError",
    ask(HostOp.deriveBits, { name: "HKDF", hash: "SHA-1", bits: 8 }),
    "derive",
  );
  await refuses(t, "InvalidAccessError", ask(HostOp.deriveBits, { name: "HMAC", into: {} }), "derive a key");
});

t.test("one call takes so many bytes and no more", async (t) => {
  const host = createCryptoHost();
  const most = new Uint8Array(defaultCryptoLimits.dataBytes);
  t.equal(((await call(host, HostOp.digest, "SHA-1", most)) as Uint8Array).length, 20);
  const more = new Uint8Array(most.length + 1);
  for (const op of [HostOp.digest, ...requestOps]) {
    await refuses(
      t,
      "QuotaExceededError",
      call(host, op, op === HostOp.digest ? "SHA-1" : "{}", more),
      `${op}`,
    );
  }
});

t.test("so many operations run at a time and no more; afterwards there is room again", async (t) => {
  const host = createCryptoHost({ ...defaultCryptoLimits, operations: 4, waiting: 0 });
  const data = new Uint8Array(20_000);
  const running = Array.from({ length: 4 }, () => call(host, HostOp.digest, "SHA-256", data));
  await refuses(t, "QuotaExceededError", call(host, HostOp.digest, "SHA-256", data), "the fifth");
  t.equal(((await call(host, HostOp.digest, "SHA-256", utf8("small"))) as Uint8Array).length, 32);
  await Promise.all(running);
  t.equal(((await call(host, HostOp.digest, "SHA-256", data)) as Uint8Array).length, 32);
});

t.test("operations that run hold so many bytes and no more, and failed ones hold none", async (t) => {
  const host = createCryptoHost({ ...defaultCryptoLimits, runningBytes: 100_000 });
  const data = new Uint8Array(60_000);
  const first = call(host, HostOp.digest, "SHA-256", data);
  await refuses(t, "QuotaExceededError", call(host, HostOp.digest, "SHA-256", data), "the second");
  await first;
  const raw = { format: "raw", name: "ECDSA", namedCurve: "P-256", extractable: true, usages: ["verify"] };
  for (let i = 0; i < 100; i++) {
    const request = { ...raw, parts: { keyData: 3 } };
    await refuses(t, "DataError", call(host, HostOp.importKey, request, utf8("bad")), "a bad key");
  }
  t.equal(((await call(host, HostOp.digest, "SHA-256", data)) as Uint8Array).length, 32);
});

t.test("attack: what operations hold beside their data counts as well", async (t) => {
  const host = createCryptoHost({ ...defaultCryptoLimits, runningBytes: 100_000 });
  const generation = { name: "ECDSA", namedCurve: "P-256", extractable: false, usages: ["sign", "verify"] };
  const keys = JSON.parse((await call(host, HostOp.generateKey, generation)) as string) as {
    token: string;
  }[];
  const lengths = { data: 1, signature: 59_999 };
  const request = { key: keys[0]!.token, name: "ECDSA", hash: "SHA-256", parts: lengths };
  const outcomes = await Promise.all(
    keys.map(({ token }) =>
      call(host, HostOp.verify, { ...request, key: token }, new Uint8Array(60_000)).then(
        (answer) => ({ token, answer }),
        () => null,
      ),
    ),
  );
  const verifying = outcomes.find((outcome) => outcome !== null)!.token;
  const long = () => call(host, HostOp.verify, { ...request, key: verifying }, new Uint8Array(60_000));
  const first = long();
  await refuses(t, "QuotaExceededError", long(), "a second signature of that length");
  t.equal(await first, "false");
  t.equal(await long(), "false", "afterwards there is room again");
});

t.test("a guest that has ended has no keys and no crypto, and leaves nothing behind", async (t) => {
  const host = createCryptoHost();
  const key = await importHmac(host);
  const running = call(host, HostOp.digest, "SHA-256", new Uint8Array(1_000_000));
  host.dispose();
  host.dispose();
  t.equal(((await running) as Uint8Array).length, 32);
  const request = { key, name: "HMAC", parts: { data: 4 } };
  await refuses(t, "InvalidStateError", call(host, HostOp.sign, request, utf8("data")), "sign");
  await refuses(t, "InvalidStateError", call(host, HostOp.digest, "SHA-256", utf8("data")), "digest");
});
