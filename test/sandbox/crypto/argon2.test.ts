import nodeCrypto from "node:crypto";
import { argon2id as independent } from "@noble/hashes/argon2.js";
import t from "tap";
import { crypto } from "../../../sdk/runtime/crypto/crypto.ts";
import { toHex, utf8 } from "./bytes.ts";
import { bindCryptoHost } from "./host.ts";

bindCryptoHost();
const { subtle } = crypto;
const hasArgon2 = typeof nodeCrypto.argon2 === "function";
const skip = hasArgon2 ? false : "this runtime lacks Argon2";

const keyOf = (password: Uint8Array) =>
  subtle.importKey("raw-secret", password, "Argon2id", false, ["deriveBits", "deriveKey"]);
const parameters = {
  name: "Argon2id",
  nonce: utf8("0123456789abcdef"),
  memory: 64,
  passes: 2,
  parallelism: 1,
};

t.test("Argon2id gives the result of RFC 9106, section 5.3", { skip }, async (t) => {
  const fill = (byte: number, length: number) => new Uint8Array(length).fill(byte);
  const key = await keyOf(fill(1, 32));
  const bits = await subtle.deriveBits(
    {
      ...{ name: "Argon2id", memory: 32, passes: 3, parallelism: 4, version: 0x13 },
      ...{ nonce: fill(2, 16), secretValue: fill(3, 8), associatedData: fill(4, 12) },
    },
    key,
    256,
  );
  t.equal(toHex(bits), "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
});

t.test("Argon2id gives what another program gives", { skip }, async (t) => {
  for (const [password, memory, passes, parallelism, length] of [
    ["password", 64, 1, 1, 32],
    ["", 256, 2, 1, 16],
    ["Zoë \u{1f511}", 128, 3, 4, 64],
  ] as const) {
    const nonce = utf8("0123456789abcdef");
    const derived = await subtle.deriveBits(
      { name: "Argon2id", nonce, memory, passes, parallelism },
      await keyOf(utf8(password)),
      length * 8,
    );
    const expected = independent(utf8(password), nonce, {
      m: memory,
      t: passes,
      p: parallelism,
      dkLen: length,
    });
    t.equal(toHex(derived), toHex(expected.slice().buffer));
  }
});

t.test("a key may be derived with Argon2id", { skip }, async (t) => {
  const key = await keyOf(utf8("password"));
  const made = await subtle.deriveKey(parameters, key, { name: "AES-GCM", length: 256 }, true, ["encrypt"]);
  const bits = await subtle.deriveBits(parameters, key, 256);
  t.equal(toHex((await subtle.exportKey("raw", made)) as ArrayBuffer), toHex(bits));
});

t.test("attack: Argon2id that would take the host's memory or its threads", { skip }, async (t) => {
  const key = await keyOf(utf8("password"));
  const derive = (changed: object, bits = 256) => subtle.deriveBits({ ...parameters, ...changed }, key, bits);
  for (const much of [
    { memory: 65_537 },
    { memory: 2 ** 32 - 1 },
    { passes: 65 },
    { passes: 2 ** 32 - 1 },
    { memory: 65_536, passes: 4 },
  ]) {
    await t.rejects(derive(much), { name: "QuotaExceededError" }, JSON.stringify(much));
  }
  for (const wrong of [
    { passes: 0 },
    { parallelism: 0 },
    { memory: 7 },
    { parallelism: 9 },
    { nonce: utf8("1234567") },
    { version: 0x10 },
  ]) {
    await t.rejects(derive(wrong), { name: "OperationError" }, JSON.stringify(wrong));
  }
  for (const bits of [0, 24, 31, 260, 8 * 1025, 2 ** 32 - 8]) {
    await t.rejects(derive({}, bits), { name: "OperationError" }, `${bits} bits`);
  }
  await t.rejects(derive({ memory: -1 }), TypeError);
  await t.rejects(derive({ nonce: undefined }), TypeError);
});

t.test("its keys come in one format, and never go", async (t) => {
  const importAs = (format: string, name: string, extractable = false) =>
    subtle.importKey(format, utf8("password"), name, extractable, ["deriveBits"]);
  await t.rejects(importAs("raw", "Argon2id"), { name: "NotSupportedError" });
  await t.rejects(importAs("raw-secret", "PBKDF2"), { name: "NotSupportedError" });
  await t.rejects(importAs("raw-secret", "Argon2id", true), { name: "SyntaxError" });
  await t.rejects(subtle.importKey("raw-secret", new Uint8Array(32), "Ed25519", false, ["verify"]), {
    name: "NotSupportedError",
  });
  await t.rejects(subtle.exportKey("raw-secret", await importAs("raw-secret", "Argon2id")));
  await t.rejects(subtle.generateKey("Argon2id", false, ["deriveBits"]), { name: "NotSupportedError" });
});

t.test("a runtime without Argon2 says so", { skip: hasArgon2 && "this runtime has it" }, async (t) => {
  await t.rejects(subtle.deriveBits(parameters, await keyOf(utf8("password")), 256), {
    name: "NotSupportedError",
    message: /this runtime lacks it/,
  });
});
