import type { webcrypto } from "node:crypto";
import t from "tap";
import { crypto } from "../../../sdk/runtime/crypto/crypto.ts";
import type { CryptoKey } from "../../../sdk/runtime/crypto/key.ts";
import { fromHex, toHex, utf8 } from "./bytes.ts";
import { bindCryptoHost } from "./host.ts";
import { platform } from "./platform.ts";

bindCryptoHost();
const { subtle } = crypto;

const iv = fromHex("cafebabefacedbaddecaf888");

function aesKey(material: Uint8Array, name = "AES-GCM"): Promise<CryptoKey> {
  return subtle.importKey("raw", material, name, true, ["encrypt", "decrypt"]);
}

t.test("AES-GCM gives the results of the GCM specification, test cases 3, 4 and 16", async (t) => {
  const plain = fromHex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
  );
  const additionalData = fromHex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const material = fromHex("feffe9928665731c6d6a8f9467308308");
  const encrypted =
    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e" +
    "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985";
  const key = await aesKey(material);
  t.equal(
    toHex(await subtle.encrypt({ name: "AES-GCM", iv }, key, plain)),
    `${encrypted}4d5c2af327cd64a62cf35abd2ba6fab4`,
  );
  const short = plain.subarray(0, 60);
  const withData = { name: "aes-gcm", iv, additionalData, tagLength: 128 };
  const sealed = `${encrypted.slice(0, 120)}5bc94fbc3221a5db94fae95ae7121a47`;
  t.equal(toHex(await subtle.encrypt(withData, key, short)), sealed);
  t.equal(toHex(await subtle.decrypt(withData, key, fromHex(sealed))), toHex(short));
  const long = await aesKey(fromHex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"));
  t.equal(
    toHex(await subtle.encrypt(withData, long, short)),
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" +
      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
  );
});

for (const name of ["AES-GCM", "AES-CBC"]) {
  t.test(`${name}: what guests encrypt the platform decrypts, and the other way round`, async (t) => {
    for (const length of [128, 192, 256]) {
      const key = (await subtle.generateKey({ name, length }, true, ["encrypt", "decrypt"])) as CryptoKey;
      t.strictSame(key.algorithm, { name, length });
      const jwk = (await subtle.exportKey("jwk", key)) as webcrypto.JsonWebKey;
      const same = await platform.importKey("jwk", jwk, name, true, ["encrypt", "decrypt"]);
      const back = await subtle.importKey("jwk", await platform.exportKey("jwk", same), name, true, [
        "decrypt",
      ]);
      const parameters = { name, iv: new Uint8Array(16).fill(9) };
      for (const size of [0, 1, 1000, 100_000]) {
        const data = new Uint8Array(size).fill(size);
        const ours = await subtle.encrypt(parameters, key, data);
        t.equal(toHex(await platform.decrypt(parameters, same, ours)), toHex(data));
        const theirs = await platform.encrypt(parameters, same, data);
        t.equal(toHex(await subtle.decrypt(parameters, back, theirs)), toHex(data));
      }
    }
  });
}

t.test("what was changed on its way is not decrypted", async (t) => {
  const key = await aesKey(new Uint8Array(16));
  const parameters = { name: "AES-GCM", iv, additionalData: utf8("context") };
  const sealed = new Uint8Array(await subtle.encrypt(parameters, key, utf8("secret")));
  const changed = sealed.slice();
  changed[0]! ^= 1;
  const failure = { name: "OperationError", message: "Cannot decrypt with AES-GCM" };
  await t.rejects(subtle.decrypt(parameters, key, changed), failure);
  await t.rejects(subtle.decrypt({ ...parameters, additionalData: utf8("other") }, key, sealed), failure);
  await t.rejects(subtle.decrypt({ name: "AES-GCM", iv }, key, sealed), failure);
  await t.rejects(subtle.decrypt(parameters, await aesKey(new Uint8Array(16).fill(1)), sealed), failure);
  await t.rejects(subtle.decrypt(parameters, key, sealed.subarray(0, 15)), failure);
  await t.rejects(subtle.decrypt(parameters, key, new Uint8Array(0)), failure);
});

t.test("cipher parameters and keys that do not fit are refused", async (t) => {
  const gcm = await aesKey(new Uint8Array(16));
  const cbc = await aesKey(new Uint8Array(16), "AES-CBC");
  const encrypt = (parameters: unknown, key: CryptoKey) => subtle.encrypt(parameters, key, utf8("data"));
  await t.rejects(encrypt("AES-GCM", gcm), TypeError);
  await t.rejects(encrypt({ name: "AES-GCM", iv: "text" }, gcm), TypeError);
  await t.rejects(encrypt({ name: "AES-GCM", iv: new Uint8Array(0) }, gcm), { name: "NotSupportedError" });
  await t.rejects(encrypt({ name: "AES-GCM", iv: new Uint8Array(1000) }, gcm), { name: "NotSupportedError" });
  await t.rejects(encrypt({ name: "AES-GCM", iv, tagLength: 120.5 }, cbc), { name: "InvalidAccessError" });
  await t.rejects(encrypt({ name: "AES-GCM", iv, tagLength: 8 }, gcm), { name: "OperationError" });
  await t.rejects(encrypt({ name: "AES-GCM", iv, tagLength: 256 }, gcm), TypeError);
  await t.rejects(encrypt({ name: "AES-CBC", iv }, cbc), { name: "OperationError" });
  await t.rejects(encrypt({ name: "AES-CTR", counter: iv, length: 64 }, gcm), { name: "NotSupportedError" });
  const decrypting = await subtle.importKey("raw", new Uint8Array(16), "AES-GCM", false, ["decrypt"]);
  await t.rejects(encrypt({ name: "AES-GCM", iv }, decrypting), { name: "InvalidAccessError" });
  for (const size of [0, 15, 17, 33, 64]) {
    await t.rejects(aesKey(new Uint8Array(size)), { name: "DataError" });
    await t.rejects(subtle.generateKey({ name: "AES-GCM", length: size * 8 }, true, ["encrypt"]), {
      name: "OperationError",
    });
  }
});
