import t from "tap";
import { randomBytes } from "../../../core/sandbox/host/random.ts";
import { Crypto, crypto } from "../../../sdk/runtime/crypto/crypto.ts";
import { bindCryptoHost } from "./host.ts";

bindCryptoHost();

t.test("getRandomValues fills a view of integers, and nothing around it", async (t) => {
  const buffer = new ArrayBuffer(96);
  const view = new Uint32Array(buffer, 32, 8);
  t.equal(crypto.getRandomValues(view), view);
  t.ok(new Uint8Array(buffer, 32, 32).some((byte) => byte !== 0));
  t.ok(new Uint8Array(buffer, 0, 32).every((byte) => byte === 0));
  t.ok(new Uint8Array(buffer, 64).every((byte) => byte === 0));
  for (const View of [Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, BigUint64Array]) {
    t.ok(crypto.getRandomValues(new View(64)).some((value) => value !== 0 && value !== 0n));
  }
});

t.test("getRandomValues gives 65536 bytes and no more", async (t) => {
  t.equal(crypto.getRandomValues(new Uint8Array(0)).length, 0);
  t.equal(crypto.getRandomValues(new Uint8Array(65_536)).length, 65_536);
  t.throws(() => crypto.getRandomValues(new Uint8Array(65_537)), { name: "QuotaExceededError", code: 22 });
  t.throws(() => crypto.getRandomValues(new Uint32Array(16_385)), { name: "QuotaExceededError" });
});

t.test("getRandomValues refuses what is no view of integers", async (t) => {
  for (const view of [new Float32Array(2), new Float64Array(2), new DataView(new ArrayBuffer(8))]) {
    t.throws(() => crypto.getRandomValues(view), { name: "TypeMismatchError" });
  }
  for (const value of [new ArrayBuffer(8), [1, 2], {}, null, undefined, 3]) {
    t.throws(() => crypto.getRandomValues(value), TypeError);
  }
});

t.test("a view that lies about its class is known for what it is", async (t) => {
  const view = new Float32Array(2);
  Object.defineProperty(view, Symbol.toStringTag, { value: "Uint8Array" });
  t.throws(() => crypto.getRandomValues(view), { name: "TypeMismatchError" });
});

t.test("randomUUID makes distinct UUIDs of version 4", async (t) => {
  const uuids = Array.from({ length: 200 }, () => crypto.randomUUID());
  t.equal(new Set(uuids).size, 200);
  const form = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  t.same(
    uuids.filter((uuid) => !form.test(uuid)),
    [],
  );
});

t.test("randomBytes refuses what is no number of bytes", async (t) => {
  for (const text of ["", "0", "-1", "65537", "1e3", "1.5", "0x10", " 1", "99999999999", "NaN"]) {
    t.throws(() => randomBytes(text), { name: "QuotaExceededError" }, JSON.stringify(text));
  }
  t.equal(randomBytes("65536").length, 65_536);
});

t.test("crypto cannot be made, only found", async (t) => {
  t.throws(() => new Crypto(), TypeError);
  t.equal(crypto.subtle, crypto.subtle);
  t.equal(Object.prototype.toString.call(crypto), "[object Crypto]");
});
