import t from "tap";
import type { KeyRecord } from "../../../core/sandbox/host/crypto/key.ts";
import { KeyRing } from "../../../core/sandbox/host/crypto/key-ring.ts";
import { defaultCryptoLimits } from "../../../core/sandbox/host/crypto/limits.ts";
import { crypto } from "../../../sdk/runtime/crypto/crypto.ts";
import { CryptoKey } from "../../../sdk/runtime/crypto/key.ts";
import { SubtleCrypto } from "../../../sdk/runtime/crypto/subtle.ts";
import { toHex, utf8 } from "./bytes.ts";
import { bindCryptoHost } from "./host.ts";

const { subtle } = crypto;

function hmacKey(text: string, extractable = true): Promise<CryptoKey> {
  return subtle.importKey("raw", utf8(text), { name: "HMAC", hash: "SHA-256" }, extractable, ["sign"]);
}

t.test("a key shows what the standard shows and nothing else", async (t) => {
  bindCryptoHost();
  const key = await hmacKey("secret", false);
  t.ok(key instanceof CryptoKey);
  t.equal(Object.prototype.toString.call(key), "[object CryptoKey]");
  t.same(Reflect.ownKeys(key), []);
  t.equal(JSON.stringify(key), "{}");
  t.match(key, { type: "secret", extractable: false, usages: ["sign"] });
  t.equal(key.algorithm, key.algorithm);
  t.equal(key.usages, key.usages);
});

t.test("keys and subtle cannot be made by a plugin", async (t) => {
  t.throws(() => new CryptoKey(), TypeError);
  const description = {
    token: "x",
    type: "secret",
    extractable: true,
    algorithm: { name: "HMAC" },
    usages: [],
  };
  t.throws(() => new CryptoKey(Symbol(), description), TypeError);
  t.throws(() => new SubtleCrypto(), TypeError);
});

t.test("forged keys are refused before the host hears of them", async (t) => {
  bindCryptoHost();
  const real = await hmacKey("secret");
  const inherited = Object.create(real);
  const forged = Object.create(CryptoKey.prototype, { type: { value: "secret" } });
  const proxy = new Proxy(real, {});
  for (const key of [inherited, forged, proxy]) {
    await t.rejects(subtle.sign("HMAC", key, utf8("data")), { name: "InvalidAccessError" });
    await t.rejects(subtle.exportKey("raw", key), { name: "InvalidAccessError" });
  }
  for (const key of [{}, { type: "secret" }, "key", 1, null, undefined]) {
    await t.rejects(subtle.sign("HMAC", key, utf8("data")), TypeError);
  }
});

t.test("what a plugin writes on a key changes nothing for the host", async (t) => {
  bindCryptoHost();
  const key = await hmacKey("secret", false);
  key.usages.push("verify");
  Object.assign(key.algorithm, { name: "AES-GCM" });
  Object.defineProperty(key, "extractable", { value: true });
  await t.rejects(subtle.exportKey("raw", key), { name: "InvalidAccessError" });
  await t.rejects(subtle.verify("HMAC", key, utf8("mac"), utf8("data")), { name: "InvalidAccessError" });
  await t.rejects(subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, key, utf8("data")), {
    name: "InvalidAccessError",
  });
  t.equal((await subtle.sign("HMAC", key, utf8("data"))).byteLength, 32);
});

t.test("keys work for as long as the plugin holds them, however many there are", async (t) => {
  bindCryptoHost({ ...defaultCryptoLimits, openKeys: 10 });
  const macs = new Map<CryptoKey, string>();
  for (let i = 0; i < 200; i++) {
    const key = await hmacKey(`secret ${i}`);
    macs.set(key, toHex(await subtle.sign("HMAC", key, utf8("data"))));
  }
  t.equal(new Set(macs.values()).size, 200);
  for (const [key, mac] of macs) t.equal(toHex(await subtle.sign("HMAC", key, utf8("data"))), mac);
  const [first] = macs.keys();
  t.equal(toHex((await subtle.exportKey("raw", first)) as ArrayBuffer), toHex(utf8("secret 0")));
});

t.test("the host keeps so many keys ready and no more, those used last", async (t) => {
  const ring = new KeyRing(2);
  const record = (material: number): KeyRecord => ({
    ...{ type: "secret", algorithm: { name: "HKDF" }, extractable: false, usages: ["deriveBits"] },
    material: new Uint8Array([material]),
  });
  const [first, second, third] = [ring.add(record(1)), ring.add(record(2)), ring.add(record(3))];
  t.equal(ring.size, 2);
  const opened = ring.get(second);
  const again = ring.get(first);
  t.same(again.record, record(1));
  t.equal(ring.get(second), opened, "is ready still");
  t.same(ring.get(third).record, record(3));
  t.equal(ring.size, 2);
  ring.clear();
  t.throws(() => ring.get(second), { name: "InvalidAccessError" });
});

t.test("keys of a pair work after the host has put them away", async (t) => {
  bindCryptoHost({ ...defaultCryptoLimits, openKeys: 1 });
  const algorithm = { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" };
  const { publicKey, privateKey } = (await subtle.generateKey(algorithm, false, ["sign", "verify"])) as {
    publicKey: CryptoKey;
    privateKey: CryptoKey;
  };
  for (let round = 0; round < 3; round++) {
    const signature = await subtle.sign(algorithm, privateKey, utf8("data"));
    t.ok(await subtle.verify(algorithm, publicKey, signature, utf8("data")));
  }
});

t.test("a key has its own copy of its material", async (t) => {
  bindCryptoHost();
  const material = utf8("secret");
  const key = await subtle.importKey("raw", material, { name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
  const mac = toHex(await subtle.sign("HMAC", key, utf8("data")));
  material.fill(0);
  new Uint8Array((await subtle.exportKey("raw", key)) as ArrayBuffer).fill(0);
  t.equal(toHex(await subtle.sign("HMAC", key, utf8("data"))), mac);
});

t.test("importKey and exportKey refuse formats and arguments of other kinds", async (t) => {
  bindCryptoHost();
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await hmacKey("secret");
  for (const format of ["spki", "pkcs8"]) {
    await t.rejects(subtle.exportKey(format, key), { name: "InvalidAccessError" });
  }
  await t.rejects(subtle.exportKey("pem", key), TypeError);
  await t.rejects(subtle.importKey("pem", utf8("x"), hmac, true, ["sign"]), TypeError);
  await t.rejects(subtle.importKey("raw", { kty: "oct" }, hmac, true, ["sign"]), TypeError);
  await t.rejects(subtle.importKey("jwk", utf8("x"), hmac, true, ["sign"]), TypeError);
  await t.rejects(subtle.importKey("jwk", null, hmac, true, ["sign"]), TypeError);
  await t.rejects(subtle.importKey("raw", utf8("x"), hmac, true, ["hash"]), TypeError);
  await t.rejects(subtle.importKey("raw", utf8("x"), hmac, true, "sign"), TypeError);
  await t.rejects(subtle.importKey("raw", utf8("x"), "HMAC", true, ["sign"]), TypeError);
  await t.rejects(subtle.importKey("raw", utf8("x"), { hash: "SHA-256" }, true, ["sign"]), TypeError);
});
