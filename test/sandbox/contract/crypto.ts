import type { ValueCheck } from "./check.ts";

const hex = `const hex = (b) => [...new Uint8Array(b)].map((n) => n.toString(16).padStart(2, "0")).join("");
const utf8 = (s) => new TextEncoder().encode(s);`;

/** Vectors of FIPS 180-4, RFC 4231 and RFC 6070; round trips where a standard leaves room. */
export const cryptoChecks: readonly ValueCheck[] = [
  {
    title: "crypto.randomUUID is a version 4 UUID",
    code: `return [/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()), crypto.randomUUID() === crypto.randomUUID()];`,
    expected: [true, false],
  },
  {
    title: "crypto.getRandomValues fills and returns its array",
    code: `const a = new Uint32Array(8); return [crypto.getRandomValues(a) === a, a.some((n) => n !== 0)];`,
    expected: [true, true],
  },
  {
    title: "crypto.getRandomValues refuses more than 65536 bytes",
    code: `crypto.getRandomValues(new Uint8Array(65537));`,
    throws: "QuotaExceededError",
  },
  {
    title: "crypto.getRandomValues refuses floats",
    code: `crypto.getRandomValues(new Float32Array(1));`,
    throws: "TypeMismatchError",
  },
  {
    title: "Three hundred operations at once wait for their turn",
    code: `${hex} const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]); const how = { name: "ECDSA", hash: "SHA-256" }; const good = await Promise.all(Array.from({ length: 300 }, async (_, i) => crypto.subtle.verify(how, pair.publicKey, await crypto.subtle.sign(how, pair.privateKey, utf8(String(i))), utf8(String(i))))); return good.filter(Boolean).length;`,
    expected: 300,
  },
  {
    title: "SHA-256 of abc is as in FIPS 180-4",
    code: `${hex} return hex(await crypto.subtle.digest("SHA-256", utf8("abc")));`,
    expected: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  },
  {
    title: "SHA-512 of abc begins as in FIPS 180-4",
    code: `${hex} return hex(await crypto.subtle.digest({ name: "sha-512" }, utf8("abc"))).slice(0, 32);`,
    expected: "ddaf35a193617abacc417349ae204131",
  },
  {
    title: "HMAC with SHA-256 is as in RFC 4231",
    code: `${hex} const key = await crypto.subtle.importKey("raw", new Uint8Array(20).fill(0x0b), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]); const mac = await crypto.subtle.sign("HMAC", key, utf8("Hi There")); return [hex(mac), await crypto.subtle.verify("HMAC", key, mac, utf8("Hi There")), await crypto.subtle.verify("HMAC", key, mac, utf8("Hi"))];`,
    expected: ["b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", true, false],
  },
  {
    title: "PBKDF2 with SHA-1 is as in RFC 6070",
    code: `${hex} const key = await crypto.subtle.importKey("raw", utf8("password"), "PBKDF2", false, ["deriveBits"]); return hex(await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: utf8("salt"), iterations: 2 }, key, 160));`,
    expected: "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957",
  },
  {
    title: "AES-GCM decrypts what it encrypted, and nothing that was changed",
    code: `const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]); const iv = crypto.getRandomValues(new Uint8Array(12)); const data = new TextEncoder().encode("secret"); const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, data)); const opened = new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed)); sealed[0] ^= 1; return [opened, await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed).catch((e) => e.name)];`,
    expected: ["secret", "OperationError"],
  },
  {
    title: "ECDSA verifies what it signed, also with an imported JWK",
    code: `const alg = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }; const { privateKey, publicKey } = await crypto.subtle.generateKey(alg, true, ["sign", "verify"]); const data = new Uint8Array([1, 2]); const sig = await crypto.subtle.sign(alg, privateKey, data); const jwk = await crypto.subtle.exportKey("jwk", publicKey); const again = await crypto.subtle.importKey("jwk", jwk, alg, false, ["verify"]); return [jwk.kty, jwk.crv, sig.byteLength, await crypto.subtle.verify(alg, again, sig, data)];`,
    expected: ["EC", "P-256", 64, true],
  },
  {
    title: "A key that is not extractable is not exported",
    code: `const key = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]); await crypto.subtle.exportKey("raw", key);`,
    throws: "InvalidAccessError",
  },
  {
    title: "A key is used only for what it is for",
    code: `const key = await crypto.subtle.importKey("raw", new Uint8Array(32), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]); await crypto.subtle.sign("HMAC", key, new Uint8Array(1));`,
    throws: "InvalidAccessError",
  },
  {
    title: "An algorithm that does not exist is a NotSupportedError",
    code: `await crypto.subtle.digest("MD5", new Uint8Array(1));`,
    throws: "NotSupportedError",
  },
  {
    title: "A key tells its type, algorithm and usages",
    code: `const key = await crypto.subtle.importKey("raw", new Uint8Array(16), "AES-GCM", true, ["encrypt"]); return [key.type, key.extractable, key.algorithm.name, key.algorithm.length, key.usages];`,
    expected: ["secret", true, "AES-GCM", 128, ["encrypt"]],
  },
];
