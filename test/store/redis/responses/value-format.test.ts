/** What lies in Redis may be anything: only what was written for the key is read. */
import { crc32 } from "node:zlib";
import fc from "fast-check";
import t from "tap";
import {
  decodeValue,
  encodeValue,
  longestValue,
  type ValueHead,
} from "../../../../core/store/redis/responses/value-format.ts";

const most = 1000;
const head: ValueHead = { key: "cache\nk", meta: "{}", url: "https://a.test/", tags: ["a"], freshUntil: 5 };
const sample = encodeValue(head, 42, [Buffer.from("bo"), Buffer.from("dy")])!;

t.test("what is encoded is decoded, whatever it is", async () => {
  const text = fc.string({ unit: "binary", maxLength: 200 });
  const heads = fc.record({
    key: text,
    meta: text,
    url: fc.option(text),
    tags: fc.array(text, { maxLength: 5 }),
    freshUntil: fc.option(fc.nat()),
  });
  const bodies = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 3 });
  fc.assert(
    fc.property(heads, fc.nat(), bodies, (head, serial, parts) => {
      const bytes = encodeValue(
        head,
        serial,
        parts.map((part) => Buffer.from(part)),
      )!;
      const body = Buffer.concat(parts);
      const found = decodeValue(bytes, head.key, most);
      return (
        JSON.stringify(found?.head) === JSON.stringify(head) &&
        found!.serial === serial &&
        found!.body.equals(body) &&
        bytes.length <= longestValue(body.length)
      );
    }),
  );
});

t.test("a value that was cut, made longer or changed anywhere is none", async (t) => {
  for (let length = 0; length < sample.length; length++)
    t.equal(decodeValue(sample.subarray(0, length), head.key, most), null);
  t.equal(decodeValue(Buffer.concat([sample, Buffer.from("x")]), head.key, most), null);
  for (let at = 0; at < sample.length; at++) {
    for (const bit of [1, 0x80]) {
      const changed = Buffer.from(sample);
      changed[at]! ^= bit;
      t.equal(decodeValue(changed, head.key, most), null, `byte ${at}`);
    }
  }
});

t.test("a value of another key, or with a longer body than is kept, is none", async (t) => {
  t.equal(decodeValue(sample, "cache\nother", most), null);
  t.equal(decodeValue(sample, head.key, 3), null);
  t.ok(decodeValue(sample, head.key, 4));
});

t.test("noise is no value", async () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      (bytes) => decodeValue(Buffer.from(bytes), "", most) === null,
    ),
  );
});

t.test("attack: a value with a right checksum and a head that is none", async (t) => {
  const heads = [
    "",
    "null",
    "{}",
    "[]",
    '["cache\\nk"]',
    '["cache\\nk",1,null,[],null]',
    '["cache\\nk","",5,[],null]',
    '["cache\\nk","",null,"a",null]',
    '["cache\\nk","",null,[1],null]',
    '["cache\\nk","",null,null,null]',
    `${"[".repeat(100_000)}`,
  ];
  for (const text of heads) t.equal(decodeValue(forged(text), head.key, most), null, text.slice(0, 50));
  t.ok(decodeValue(forged('["cache\\nk","",null,[],null]'), head.key, most));
  for (const serial of [-1.5, Number.NaN, Infinity, 2 ** 60])
    t.equal(decodeValue(forged('["cache\\nk","",null,[],null]', serial), head.key, most), null, `${serial}`);
});

t.test("attack: lengths that promise more than there is, or that come round", async (t) => {
  for (const [headLength, bodyLength] of [
    [0xffffffff, 25],
    [24, 0xffffffff],
    [0xfffffff0, 0x30],
    [0, 24],
  ] as const) {
    const bytes = forged('["cache\\nk","",null,[],1]');
    bytes.writeUInt32BE(headLength, 16);
    bytes.writeUInt32BE(bodyLength, 20);
    bytes.writeUInt32BE(crc32(bytes.subarray(8)), 4);
    t.equal(decodeValue(bytes, head.key, 0xffffffff), null);
  }
});

t.test("a head that is too long for anybody to have written is not encoded", async (t) => {
  t.equal(encodeValue({ ...head, meta: "m".repeat(1024 * 1024) }, 1, []), null);
});

/** As somebody would write it who knows the format. */
function forged(text: string, serial = 1): Buffer {
  const bytes = Buffer.alloc(24 + Buffer.byteLength(text));
  bytes.writeUInt32BE(0x534c5231, 0);
  bytes.writeDoubleBE(serial, 8);
  bytes.writeUInt32BE(Buffer.byteLength(text), 16);
  bytes.write(text, 24);
  bytes.writeUInt32BE(crc32(bytes.subarray(8)), 4);
  return bytes;
}
