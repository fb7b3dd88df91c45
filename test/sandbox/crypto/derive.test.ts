import t from "tap";
import { crypto } from "../../../sdk/runtime/crypto/crypto.ts";
import type { CryptoKey } from "../../../sdk/runtime/crypto/key.ts";
import { fromHex, toHex, utf8 } from "./bytes.ts";
import { bindCryptoHost } from "./host.ts";
import { platform } from "./platform.ts";

bindCryptoHost();
const { subtle } = crypto;

function baseKey(
  name: string,
  material: Uint8Array,
  usages = ["deriveBits", "deriveKey"],
): Promise<CryptoKey> {
  return subtle.importKey("raw", material, name, false, usages);
}

t.test("HKDF gives the results of RFC 5869, appendix A, cases 1, 3 and 4", async (t) => {
  const salt = fromHex("000102030405060708090a0b0c");
  const info = fromHex("f0f1f2f3f4f5f6f7f8f9");
  const none = new Uint8Array();
  const cases = [
    [
      "SHA-256",
      "0b".repeat(22),
      salt,
      info,
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ],
    [
      "SHA-256",
      "0b".repeat(22),
      none,
      none,
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ],
    [
      "SHA-1",
      "0b".repeat(11),
      salt,
      info,
      "085a01ea1b10f36933068b56efa5ad81a4f14b822f5b091568a9cdd4f155fda2c22e422478d305f3f896",
    ],
  ] as const;
  for (const [hash, material, salt, info, expected] of cases) {
    const key = await baseKey("HKDF", fromHex(material));
    t.equal(toHex(await subtle.deriveBits({ name: "HKDF", hash, salt, info }, key, 336)), expected);
  }
});

t.test("PBKDF2 gives the results of RFC 6070 and RFC 7914, section 11", async (t) => {
  const cases = [
    ["SHA-1", "password", "salt", 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"],
    ["SHA-1", "password", "salt", 4096, "4b007901b765489abead49d926f721d065a429c1"],
    [
      "SHA-256",
      "passwd",
      "salt",
      1,
      "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc" +
        "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",
    ],
  ] as const;
  for (const [hash, password, salt, iterations, expected] of cases) {
    const key = await baseKey("PBKDF2", utf8(password));
    const parameters = { name: "pbkdf2", hash, salt: utf8(salt), iterations };
    const bits = expected.length * 4;
    const derived = toHex(await subtle.deriveBits(parameters, key, bits));
    t.equal(derived, expected);
    const same = await platform.importKey("raw", utf8(password), "PBKDF2", false, ["deriveBits"]);
    t.equal(derived, toHex(await platform.deriveBits({ ...parameters, name: "PBKDF2" }, same, bits)));
  }
});

t.test("deriveKey makes the key that the platform makes, and gives its bits to nobody", async (t) => {
  const parameters = { name: "HKDF", hash: "SHA-256", salt: utf8("salt"), info: utf8("cookies") };
  const key = await baseKey("HKDF", utf8("secret"), ["deriveKey"]);
  const derived = await subtle.deriveKey(parameters, key, { name: "AES-GCM", length: 256 }, false, [
    "encrypt",
  ]);
  t.match(derived, { type: "secret", extractable: false, usages: ["encrypt"] });
  t.strictSame(derived.algorithm, { name: "AES-GCM", length: 256 });
  await t.rejects(subtle.exportKey("raw", derived), { name: "InvalidAccessError" });

  const same = await platform.importKey("raw", utf8("secret"), "HKDF", false, ["deriveKey"]);
  const theirs = await platform.deriveKey(parameters, same, { name: "AES-GCM", length: 256 }, false, [
    "decrypt",
  ]);
  const cipher = { name: "AES-GCM", iv: new Uint8Array(12) };
  const sealed = await subtle.encrypt(cipher, derived, utf8("data"));
  t.equal(toHex(await platform.decrypt(cipher, theirs, sealed)), toHex(utf8("data")));

  const hmac = await subtle.deriveKey(parameters, key, { name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
  t.strictSame(hmac.algorithm, { name: "HMAC", length: 512, hash: { name: "SHA-256" } });
});

t.test("deriveKey refuses keys that are not made of bits, and base keys for something else", async (t) => {
  const parameters = { name: "HKDF", hash: "SHA-256", salt: utf8("salt"), info: utf8("cookies") };
  const key = await baseKey("HKDF", utf8("secret"), ["deriveKey"]);
  const derive = (type: object, usages: string[], from = key) =>
    subtle.deriveKey(parameters, from, type, true, usages);
  await t.rejects(derive({ name: "ECDSA", namedCurve: "P-256" }, ["sign"]), { name: "NotSupportedError" });
  await t.rejects(derive({ name: "HKDF" }, ["deriveBits"]), { name: "NotSupportedError" });
  await t.rejects(derive({ name: "AES-GCM", length: 100 }, ["encrypt"]), { name: "OperationError" });
  await t.rejects(derive({ name: "AES-GCM", length: 128 }, ["sign"]), { name: "SyntaxError" });
  const bitsOnly = await baseKey("HKDF", utf8("secret"), ["deriveBits"]);
  await t.rejects(derive({ name: "AES-GCM", length: 128 }, ["encrypt"], bitsOnly), {
    name: "InvalidAccessError",
  });
  await t.rejects(subtle.deriveBits(parameters, key, 128), { name: "InvalidAccessError" });
});

t.test("deriveBits refuses what would hold a thread for long", async (t) => {
  const key = await baseKey("PBKDF2", utf8("password"));
  const derive = (iterations: number, bits: number) =>
    subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: utf8("salt"), iterations }, key, bits);
  await t.rejects(derive(1_000_001, 256), { name: "QuotaExceededError" });
  await t.rejects(derive(500_001, 512), { name: "QuotaExceededError" });
  await t.rejects(derive(1, 2 ** 32 - 8), { name: "QuotaExceededError" });
  await t.rejects(derive(2 ** 32 - 1, 256), { name: "QuotaExceededError" });
  await t.rejects(derive(2 ** 32, 256), TypeError);
  await t.rejects(derive(0, 256), { name: "OperationError" });
});

t.test("deriveBits refuses lengths that the standard refuses", async (t) => {
  const key = await baseKey("HKDF", utf8("secret"));
  const parameters = { name: "HKDF", hash: "SHA-256", salt: utf8("salt"), info: utf8("") };
  for (const length of [null, undefined, 12, 255 * 256 + 8]) {
    await t.rejects(subtle.deriveBits(parameters, key, length), { name: "OperationError" }, `${length}`);
  }
  t.equal((await subtle.deriveBits(parameters, key, 255 * 256)).byteLength, 255 * 32);
  await t.rejects(subtle.importKey("raw", utf8("secret"), "HKDF", true, ["deriveBits"]), {
    name: "SyntaxError",
  });
  await t.rejects(subtle.importKey("jwk", { kty: "oct", k: "AA" }, "HKDF", false, ["deriveBits"]), {
    name: "NotSupportedError",
  });
  await t.rejects(subtle.generateKey("PBKDF2", false, ["deriveBits"]), { name: "NotSupportedError" });
});
