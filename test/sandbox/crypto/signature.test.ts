import t from "tap";
import { crypto } from "../../../sdk/runtime/crypto/crypto.ts";
import type { CryptoKey } from "../../../sdk/runtime/crypto/key.ts";
import { fromHex, toHex, utf8 } from "./bytes.ts";
import { bindCryptoHost } from "./host.ts";
import { platform } from "./platform.ts";

bindCryptoHost();
const { subtle } = crypto;

const data = utf8("the message");

interface Pair {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

/** Parameters for keys, and parameters for signatures. */
const schemes: readonly (readonly [object, object])[] = [
  [rsa("RSASSA-PKCS1-v1_5", "SHA-256"), { name: "RSASSA-PKCS1-v1_5" }],
  [rsa("RSA-PSS", "SHA-512"), { name: "RSA-PSS", saltLength: 64 }],
  [
    { name: "ECDSA", namedCurve: "P-256" },
    { name: "ECDSA", hash: "SHA-256" },
  ],
  [
    { name: "ECDSA", namedCurve: "P-384" },
    { name: "ECDSA", hash: "SHA-384" },
  ],
  [
    { name: "ECDSA", namedCurve: "P-521" },
    { name: "ECDSA", hash: "SHA-512" },
  ],
  [{ name: "Ed25519" }, { name: "Ed25519" }],
];

function rsa(name: string, hash: string): object {
  return { name, hash, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
}

for (const [algorithm, parameters] of schemes) {
  const title = Object.values(algorithm).slice(0, 2).join(" ");

  t.test(`${title}: what guests sign the platform verifies, and the other way round`, async (t) => {
    const pair = (await subtle.generateKey(algorithm, true, ["sign", "verify"])) as Pair;
    const spki = (await subtle.exportKey("spki", pair.publicKey)) as ArrayBuffer;
    const pkcs8 = (await subtle.exportKey("pkcs8", pair.privateKey)) as ArrayBuffer;
    const publicKey = await platform.importKey("spki", spki, algorithm, true, ["verify"]);
    const privateKey = await platform.importKey("pkcs8", pkcs8, algorithm, true, ["sign"]);

    const ours = await subtle.sign(parameters, pair.privateKey, data);
    t.ok(await platform.verify(parameters, publicKey, ours, data));
    const theirs = await platform.sign(parameters, privateKey, data);
    t.equal(await subtle.verify(parameters, pair.publicKey, theirs, data), true);
    t.equal(await subtle.verify(parameters, pair.publicKey, theirs, utf8("another message")), false);
    t.equal(await subtle.verify(parameters, pair.publicKey, new Uint8Array(3), data), false);
    t.equal(await subtle.verify(parameters, pair.publicKey, new Uint8Array(0), data), false);
  });

  t.test(`${title}: keys cross to the platform and back as JWKs`, async (t) => {
    const pair = await platform.generateKey(algorithm, true, ["sign", "verify"]);
    const publicJwk = await platform.exportKey("jwk", pair.publicKey);
    const privateJwk = await platform.exportKey("jwk", pair.privateKey);
    const publicKey = await subtle.importKey("jwk", publicJwk, algorithm, true, ["verify"]);
    const privateKey = await subtle.importKey("jwk", privateJwk, algorithm, true, ["sign"]);
    t.match(publicKey, { type: "public", usages: ["verify"] });
    t.match(privateKey, { type: "private", usages: ["sign"] });
    const signature = await subtle.sign(parameters, privateKey, data);
    t.ok(await subtle.verify(parameters, publicKey, signature, data));
    t.ok(await platform.verify(parameters, pair.publicKey, signature, data));
    // What the platform calls the algorithm differs; a test of its own says what guests see.
    const nameless = (jwk: object) => ({ ...jwk, alg: undefined });
    t.same(nameless(await subtle.exportKey("jwk", publicKey)), nameless(publicJwk));
    t.same(nameless(await subtle.exportKey("jwk", privateKey)), nameless(privateJwk));
  });

  t.test(`${title}: the halves of a pair have their own usages and algorithm`, async (t) => {
    const { publicKey, privateKey } = (await subtle.generateKey(algorithm, false, [
      "verify",
      "sign",
    ])) as Pair;
    t.match(publicKey, { type: "public", extractable: true, usages: ["verify"] });
    t.match(privateKey, { type: "private", extractable: false, usages: ["sign"] });
    const expected = await platform.generateKey(algorithm, false, ["sign", "verify"]);
    t.same(publicKey.algorithm, plain(expected.publicKey.algorithm));
    await t.rejects(subtle.exportKey("pkcs8", privateKey), { name: "InvalidAccessError" });
    await t.rejects(subtle.sign(parameters, publicKey, data), { name: "InvalidAccessError" });
    await t.rejects(subtle.verify(parameters, privateKey, data, data), { name: "InvalidAccessError" });
    await t.rejects(subtle.exportKey("pkcs8", publicKey), { name: "InvalidAccessError" });
    await t.rejects(subtle.generateKey(algorithm, false, ["verify"]), { name: "SyntaxError" });
    await t.rejects(subtle.generateKey(algorithm, false, ["sign", "encrypt"]), { name: "SyntaxError" });
  });
}

/** A copy with members of its own. */
function plain(algorithm: object): object {
  return { ...algorithm };
}

t.test("Ed25519 gives the results of RFC 8032, section 7.1, tests 1 to 3", async (t) => {
  const vectors = [
    [
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
      "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
      "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
  ] as const;
  // RFC 8410, section 7: what stands before the seed in PKCS #8.
  const prefix = "302e020100300506032b657004220420";
  for (const [seed, point, message, expected] of vectors) {
    const privateKey = await subtle.importKey("pkcs8", fromHex(prefix + seed), "ed25519", false, ["sign"]);
    const publicKey = await subtle.importKey("raw", fromHex(point), "Ed25519", true, ["verify"]);
    t.equal(toHex(await subtle.sign("Ed25519", privateKey, fromHex(message))), expected);
    t.ok(await subtle.verify("Ed25519", publicKey, fromHex(expected), fromHex(message)));
    t.equal(toHex((await subtle.exportKey("raw", publicKey)) as ArrayBuffer), point);
  }
});

t.test("ECDSA verifies the signature of RFC 7515, appendix A.3", async (t) => {
  const jwk = {
    kty: "EC",
    crv: "P-256",
    x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
  };
  const key = await subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"]);
  const signed =
    "eyJhbGciOiJFUzI1NiJ9." +
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
  const signature = Buffer.from(
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    "base64url",
  );
  const parameters = { name: "ECDSA", hash: { name: "SHA-256" } };
  t.equal(await subtle.verify(parameters, key, signature, utf8(signed)), true);
  t.equal(await subtle.verify(parameters, key, signature, utf8(`${signed}x`)), false);
  const raw = (await subtle.exportKey("raw", key)) as ArrayBuffer;
  const again = await subtle.importKey("raw", raw, { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"]);
  t.equal(await subtle.verify(parameters, again, signature, utf8(signed)), true);
});

t.test("keys of pairs that are not what they are said to be are refused", async (t) => {
  const ec = { name: "ECDSA", namedCurve: "P-256" };
  const pair = (await subtle.generateKey(ec, true, ["sign", "verify"])) as Pair;
  const spki = (await subtle.exportKey("spki", pair.publicKey)) as ArrayBuffer;
  const raw = (await subtle.exportKey("raw", pair.publicKey)) as ArrayBuffer;
  const jwk = (await subtle.exportKey("jwk", pair.publicKey)) as { x: string };
  const refused: [string, unknown, object, string[], string][] = [
    ["spki", spki, { name: "ECDSA", namedCurve: "P-384" }, ["verify"], "DataError"],
    ["spki", spki, { name: "Ed25519" }, ["verify"], "DataError"],
    ["spki", spki, rsa("RSA-PSS", "SHA-256"), ["verify"], "DataError"],
    ["spki", new Uint8Array(spki).subarray(1), ec, ["verify"], "DataError"],
    ["pkcs8", spki, ec, ["sign"], "DataError"],
    ["spki", spki, ec, ["sign"], "SyntaxError"],
    ["raw", new Uint8Array(raw).subarray(1), ec, ["verify"], "DataError"],
    ["raw", new Uint8Array(65).fill(4), ec, ["verify"], "DataError"],
    ["raw", raw, rsa("RSA-PSS", "SHA-256"), ["verify"], "NotSupportedError"],
    ["jwk", { ...jwk, y: "AAAA" }, ec, ["verify"], "DataError"],
    ["jwk", { ...jwk, y: jwk.x }, ec, ["verify"], "DataError"],
    ["jwk", { ...jwk, x: `${jwk.x}=` }, ec, ["verify"], "DataError"],
    ["jwk", { ...jwk, x: ` ${jwk.x}` }, ec, ["verify"], "DataError"],
    ["jwk", { ...jwk, key_ops: ["sign"] }, ec, ["verify"], "DataError"],
    ["jwk", { ...jwk, key_ops: ["verify", "verify"] }, ec, ["verify"], "DataError"],
    ["jwk", { ...jwk, crv: "P-521" }, ec, ["verify"], "DataError"],
    ["spki", offCurve(new Uint8Array(spki)), ec, ["verify"], "DataError"],
    ["raw", offCurve(new Uint8Array(raw)), ec, ["verify"], "DataError"],
    ["jwk", { ...jwk, crv: "P-384" }, ec, ["verify"], "DataError"],
    ["jwk", { ...jwk, use: "enc" }, ec, ["verify"], "DataError"],
    ["jwk", { ...jwk, kty: "OKP" }, ec, ["verify"], "DataError"],
    ["spki", spki, { name: "ECDSA", namedCurve: "K-256" }, ["verify"], "NotSupportedError"],
  ];
  for (const [format, data, algorithm, usages, name] of refused) {
    await t.rejects(
      subtle.importKey(format, data, algorithm, true, usages),
      { name },
      `${format} ${JSON.stringify(algorithm)} ${usages}`,
    );
  }
});

/** The encoding of a point whose y is another. */
function offCurve(encoding: Uint8Array): Uint8Array {
  const changed = encoding.slice();
  changed[changed.length - 1]! ^= 1;
  return changed;
}

t.test("RSA keys whose public exponent lets anyone sign are refused", async (t) => {
  const algorithm = rsa("RSASSA-PKCS1-v1_5", "SHA-256");
  const { publicKey } = await platform.generateKey(algorithm, true, ["sign", "verify"]);
  const { n } = (await platform.exportKey("jwk", publicKey)) as { n: string };
  const importKey = (e: string) => subtle.importKey("jwk", { kty: "RSA", n, e }, algorithm, true, ["verify"]);
  for (const e of [[], [0], [1], [0, 1], [2], [1, 0, 0], new Array(9).fill(255)]) {
    await t.rejects(importKey(Buffer.from(e).toString("base64url")), { name: "DataError" }, `${e}`);
  }
  t.match(await importKey("AQAB"), { algorithm: { publicExponent: new Uint8Array([1, 0, 1]) } });
  t.match(await importKey("Aw"), { algorithm: { publicExponent: new Uint8Array([3]) } });
});

t.test("RSA keys that are too short, too long or odd are refused", async (t) => {
  const generate = (change: object) =>
    subtle.generateKey({ ...rsa("RSA-PSS", "SHA-256"), ...change }, true, ["sign"]);
  for (const modulusLength of [0, 512, 1024, 4104, 16_384, 2 ** 31]) {
    await t.rejects(generate({ modulusLength }), { name: "NotSupportedError" }, `${modulusLength}`);
  }
  for (const publicExponent of [[], [0], [3], [1, 0, 0], [1, 0, 1, 0]]) {
    await t.rejects(generate({ publicExponent: new Uint8Array(publicExponent) }), { name: "OperationError" });
  }
  await t.rejects(generate({ publicExponent: [1, 0, 1] }), TypeError);
  const weak = { ...rsa("RSA-PSS", "SHA-256"), modulusLength: 1024 };
  const { publicKey } = await platform.generateKey(weak, true, ["sign", "verify"]);
  const spki = await platform.exportKey("spki", publicKey);
  await t.rejects(subtle.importKey("spki", spki, weak, true, ["verify"]), { name: "NotSupportedError" });
});

t.test("Ed25519 keys of another curve, algorithm or length are refused", async (t) => {
  const jwk = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
  const importKey = (change: object) =>
    subtle.importKey("jwk", { ...jwk, ...change }, "Ed25519", true, ["verify"]);
  for (const change of [{ crv: "X25519" }, { alg: "ES256" }, { x: "AA" }, { use: "enc" }, { kty: "EC" }]) {
    await t.rejects(importKey(change), { name: "DataError" }, JSON.stringify(change));
  }
  for (const change of [{}, { alg: "EdDSA" }, { alg: "Ed25519" }, { use: "sig" }]) {
    t.match(await importKey(change), { algorithm: { name: "Ed25519" } });
  }
});

t.test("signature parameters that do not fit are refused", async (t) => {
  const ec = (await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
    "sign",
    "verify",
  ])) as Pair;
  const sign = (parameters: unknown, key: CryptoKey) => subtle.sign(parameters, key, data);
  await t.rejects(sign("ECDSA", ec.privateKey), TypeError);
  await t.rejects(sign({ name: "ECDSA", hash: "SHA-1" }, ec.privateKey), { name: "NotSupportedError" });
  await t.rejects(sign({ name: "ECDSA", hash: "MD5" }, ec.privateKey), { name: "NotSupportedError" });
  await t.rejects(sign("Ed25519", ec.privateKey), { name: "InvalidAccessError" });
  await t.rejects(sign("HMAC", ec.privateKey), { name: "InvalidAccessError" });
  await t.rejects(sign("AES-GCM", ec.privateKey), { name: "NotSupportedError" });
  const pss = (await subtle.generateKey(rsa("RSA-PSS", "SHA-256"), true, ["sign", "verify"])) as Pair;
  await t.rejects(sign({ name: "RSA-PSS", saltLength: 2 ** 31 }, pss.privateKey), { name: "OperationError" });
  await t.rejects(sign({ name: "RSA-PSS", saltLength: 300 }, pss.privateKey), { name: "OperationError" });
  await t.rejects(sign({ name: "RSA-PSS", saltLength: -1 }, pss.privateKey), TypeError);
});

t.test("a JWK names the algorithm as the standard says, on every runtime", async (t) => {
  const named = async (algorithm: object) => {
    const { publicKey } = (await subtle.generateKey(algorithm, true, ["sign", "verify"])) as Pair;
    return ((await subtle.exportKey("jwk", publicKey)) as { alg?: string }).alg;
  };
  t.equal(await named({ name: "ECDSA", namedCurve: "P-256" }), undefined);
  t.equal(await named({ name: "Ed25519" }), "Ed25519");
  t.equal(await named(rsa("RSASSA-PKCS1-v1_5", "SHA-256")), "RS256");
});
