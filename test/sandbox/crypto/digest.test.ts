import t from "tap";
import { crypto } from "../../../sdk/runtime/crypto/crypto.ts";
import { bindHost } from "../../../sdk/runtime/host.ts";
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import { toHex, utf8 } from "./bytes.ts";
import { bindCryptoHost } from "./host.ts";
import { platform } from "./platform.ts";

const { late } = bindCryptoHost();
const { subtle } = crypto;

/** FIPS 180-4, examples for "abc". */
const abc: Readonly<Record<string, string>> = {
  "SHA-1": "a9993e364706816aba3e25717850c26c9cd0d89d",
  "SHA-256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  "SHA-384":
    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
  "SHA-512":
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
};

t.test("digest gives the results of FIPS 180-4, for names in any case and as objects", async (t) => {
  for (const [name, expected] of Object.entries(abc)) {
    for (const algorithm of [name, name.toLowerCase(), { name }, { name: name.toLowerCase(), other: 1 }]) {
      t.equal(toHex(await subtle.digest(algorithm, utf8("abc"))), expected);
    }
  }
});

t.test("digest agrees with the platform for data of every size", async (t) => {
  for (const size of [0, 1, 55, 56, 64, 16_384, 16_385, 300_000]) {
    const data = new Uint8Array(size).map((_, i) => i * 7);
    for (const name of Object.keys(abc)) {
      t.equal(
        toHex(await subtle.digest(name, data)),
        toHex(await platform.digest(name, data)),
        `${size} ${name}`,
      );
    }
  }
});

t.test("digest of small data is settled without leaving the turn; of large data it is not", async (t) => {
  late.length = 0;
  let settled = false;
  const digest = subtle.digest("SHA-256", new Uint8Array(16_384)).then(() => {
    settled = true;
  });
  for (let i = 0; i < 10; i++) await null;
  t.ok(settled);
  await digest;
  t.same(late, []);
  await subtle.digest("SHA-256", new Uint8Array(16_385));
  t.same(late, [HostOp.digest]);
});

t.test("digest reads exactly the bytes of a view, and has its own copy of them", async (t) => {
  const buffer = utf8("xxabcxx").buffer;
  t.equal(toHex(await subtle.digest("SHA-256", new Uint8Array(buffer, 2, 3))), abc["SHA-256"]);
  t.equal(toHex(await subtle.digest("SHA-256", new DataView(buffer, 2, 3))), abc["SHA-256"]);
  t.equal(toHex(await subtle.digest("SHA-256", buffer.slice(2, 5))), abc["SHA-256"]);
  const data = new Uint8Array(100_000).fill(1);
  const digest = subtle.digest("SHA-256", data);
  data.fill(2);
  t.equal(toHex(await digest), toHex(await platform.digest("SHA-256", new Uint8Array(100_000).fill(1))));
});

t.test("only the bytes of a view go to the host, not the buffer around them", async (t) => {
  const bound = bindCryptoHost();
  const sizes: number[] = [];
  bindHost((op, id, text, bytes) => {
    sizes.push(bytes!.buffer.byteLength);
    return bound.call(op, id, text, bytes);
  });
  await subtle.digest("SHA-256", new Uint8Array(utf8("secret abc").buffer, 7, 3));
  bindCryptoHost();
  t.same(sizes, [3]);
});

t.test("digest gives an ArrayBuffer that holds the result alone", async (t) => {
  const result = await subtle.digest("SHA-1", utf8("abc"));
  t.ok(result instanceof ArrayBuffer);
  t.equal(result.byteLength, 20);
});

t.test("digest rejects unknown algorithms and what is no data", async (t) => {
  const data = utf8("abc");
  for (const name of ["SHA-3", "MD5", "", "constructor", "__proto__", "HMAC", "SHA-256 "]) {
    await t.rejects(subtle.digest(name, data), { name: "NotSupportedError" }, name);
  }
  for (const algorithm of [{}, { nam: "SHA-1" }, new Uint8Array(1)]) {
    await t.rejects(subtle.digest(algorithm, data), TypeError);
  }
  for (const data of ["abc", [1, 2], null, undefined, 3, {}]) {
    await t.rejects(subtle.digest("SHA-256", data), TypeError);
  }
});

t.test("an algorithm's getters run once; what they throw is what the caller gets", async (t) => {
  let reads = 0;
  const counting = {
    get name() {
      reads++;
      return reads === 1 ? "SHA-256" : "SHA-1";
    },
  };
  t.equal(toHex(await subtle.digest(counting, utf8("abc"))), abc["SHA-256"]);
  t.equal(reads, 1);
  const throwing = {
    get name() {
      throw new RangeError("own");
    },
  };
  await t.rejects(subtle.digest(throwing, utf8("abc")), new RangeError("own"));
});
