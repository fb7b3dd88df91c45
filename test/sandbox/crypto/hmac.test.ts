import t from "tap";
import { crypto } from "../../../sdk/runtime/crypto/crypto.ts";
import type { CryptoKey } from "../../../sdk/runtime/crypto/key.ts";
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import { fromHex, toHex, utf8 } from "./bytes.ts";
import { bindCryptoHost } from "./host.ts";
import { platform } from "./platform.ts";

const { late } = bindCryptoHost();
const { subtle } = crypto;

/** RFC 4231, test cases 1, 2 and 6 for SHA-256 and SHA-512; RFC 2202, test case 2 for SHA-1. */
const vectors = [
  ["SHA-1", fromHex("4a656665"), "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"],
  [
    "SHA-256",
    fromHex("0b".repeat(20)),
    "Hi There",
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  ],
  [
    "SHA-256",
    utf8("Jefe"),
    "what do ya want for nothing?",
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  ],
  [
    "SHA-256",
    fromHex("aa".repeat(131)),
    "Test Using Larger Than Block-Size Key - Hash Key First",
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
  ],
  [
    "SHA-512",
    utf8("Jefe"),
    "what do ya want for nothing?",
    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
  ],
] as const;

function hmacKey(material: Uint8Array, hash = "SHA-256", usages = ["sign", "verify"]): Promise<CryptoKey> {
  return subtle.importKey("raw", material, { name: "HMAC", hash }, false, usages);
}

t.test("HMAC gives the results of RFC 4231 and RFC 2202", async (t) => {
  for (const [hash, material, text, expected] of vectors) {
    const key = await hmacKey(material, hash);
    t.equal(toHex(await subtle.sign("HMAC", key, utf8(text))), expected);
    t.equal(await subtle.verify("hmac", key, fromHex(expected), utf8(text)), true);
    t.equal(await subtle.verify("HMAC", key, fromHex(expected), utf8(`${text}!`)), false);
  }
});

t.test("HMAC agrees with the platform for small and large data", async (t) => {
  const material = fromHex("00112233445566778899aabbccddeeff");
  for (const hash of ["SHA-1", "SHA-256", "SHA-384", "SHA-512"]) {
    const key = await hmacKey(material, hash);
    const same = await platform.importKey("raw", material, { name: "HMAC", hash }, false, ["sign", "verify"]);
    for (const size of [0, 1000, 16_384, 16_385, 100_000]) {
      const data = new Uint8Array(size).fill(size);
      const mac = await subtle.sign("HMAC", key, data);
      t.ok(await platform.verify("HMAC", same, mac, data));
      t.ok(await subtle.verify("HMAC", key, await platform.sign("HMAC", same, data), data));
      t.notOk(await subtle.verify("HMAC", key, mac.slice(1), data));
      t.notOk(await subtle.verify("HMAC", key, new Uint8Array(mac.byteLength), data));
    }
  }
});

t.test("importing an HMAC key, signing and verifying small data needs no other turn", async (t) => {
  late.length = 0;
  const key = await hmacKey(utf8("secret"));
  const mac = await subtle.sign("HMAC", key, utf8("data"));
  await subtle.verify("HMAC", key, mac, utf8("data"));
  t.same(late, []);
  await subtle.sign("HMAC", key, new Uint8Array(16_385));
  t.same(late, [HostOp.sign]);
});

t.test("a key that only verifies verifies large data, too, and signs nothing", async (t) => {
  const data = new Uint8Array(20_000);
  const signing = await hmacKey(utf8("secret"), "SHA-256", ["sign"]);
  const verifying = await hmacKey(utf8("secret"), "SHA-256", ["verify"]);
  const mac = await subtle.sign("HMAC", signing, data);
  t.ok(await subtle.verify("HMAC", verifying, mac, data));
  await t.rejects(subtle.sign("HMAC", verifying, data), { name: "InvalidAccessError" });
  await t.rejects(subtle.verify("HMAC", signing, mac, data), { name: "InvalidAccessError" });
});

t.test("an HMAC key knows its hash and its length", async (t) => {
  const imported = await hmacKey(new Uint8Array(20), "sha-384");
  t.strictSame(imported.algorithm, { name: "HMAC", length: 160, hash: { name: "SHA-384" } });
  const generated = (await subtle.generateKey({ name: "HMAC", hash: "SHA-512" }, true, [
    "sign",
  ])) as CryptoKey;
  t.strictSame(generated.algorithm, { name: "HMAC", length: 1024, hash: { name: "SHA-512" } });
  t.equal(((await subtle.exportKey("raw", generated)) as ArrayBuffer).byteLength, 128);
  const short = { name: "HMAC", hash: { name: "SHA-256" }, length: 128 };
  t.match(await subtle.generateKey(short, true, ["sign"]), { algorithm: { length: 128 } });
});

t.test("an HMAC key crosses to the platform and back as a JWK", async (t) => {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await subtle.importKey("raw", utf8("secret"), algorithm, true, ["verify", "sign"]);
  const jwk = await subtle.exportKey("jwk", key);
  t.strictSame(jwk, { kty: "oct", k: "c2VjcmV0", alg: "HS256", ext: true, key_ops: ["sign", "verify"] });
  const same = await platform.importKey("jwk", jwk, algorithm, true, ["sign"]);
  const back = await subtle.importKey("jwk", await platform.exportKey("jwk", same), algorithm, true, [
    "sign",
  ]);
  t.equal(
    toHex(await subtle.sign("HMAC", back, utf8("data"))),
    toHex(await platform.sign("HMAC", same, utf8("data"))),
  );
});

t.test("HMAC keys that the standard refuses are refused", async (t) => {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const refused: [string, unknown, object, string[], string][] = [
    ["raw", new Uint8Array(0), algorithm, ["sign"], "DataError"],
    ["raw", new Uint8Array(4), { ...algorithm, length: 40 }, ["sign"], "DataError"],
    ["raw", new Uint8Array(4), algorithm, [], "SyntaxError"],
    ["raw", new Uint8Array(4), algorithm, ["encrypt"], "SyntaxError"],
    ["spki", new Uint8Array(4), algorithm, ["sign"], "NotSupportedError"],
    ["raw", new Uint8Array(16_385), algorithm, ["sign"], "QuotaExceededError"],
    ["raw", new Uint8Array(4), { name: "HMAC", hash: "MD5" }, ["sign"], "NotSupportedError"],
    ["jwk", { kty: "RSA", k: "c2VjcmV0" }, algorithm, ["sign"], "DataError"],
    ["jwk", { kty: "oct", k: "c2VjcmV0", alg: "HS512" }, algorithm, ["sign"], "DataError"],
    ["jwk", { kty: "oct", k: "c2VjcmV0", ext: false }, algorithm, ["sign"], "DataError"],
    ["jwk", { kty: "oct", k: "c2VjcmV0", key_ops: ["verify"] }, algorithm, ["sign"], "DataError"],
    ["jwk", { kty: "oct" }, algorithm, ["sign"], "DataError"],
  ];
  for (const [format, data, algorithm, usages, name] of refused) {
    await t.rejects(subtle.importKey(format, data, algorithm, true, usages), { name }, JSON.stringify(data));
  }
  const generate = (length: number) => subtle.generateKey({ ...algorithm, length }, true, ["sign"]);
  for (const length of [0, 7, 2 ** 31]) await t.rejects(generate(length), { name: "OperationError" });
  for (const length of [-1, 2 ** 32, Number.NaN]) await t.rejects(generate(length), TypeError);
});
