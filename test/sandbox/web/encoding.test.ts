import fc from "fast-check";
import t from "tap";
import { utf8Decode, utf8Encode } from "../../../core/sandbox/host/utf8.ts";
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import { TextDecoder, TextEncoder } from "../../../sdk/runtime/web/encoding.ts";
import { bindWebHost } from "./host.ts";

const NativeDecoder = globalThis.TextDecoder;
const NativeEncoder = globalThis.TextEncoder;
const calls = bindWebHost();

/** Bytes that are nearly UTF-8: beginnings, middles and ends of characters. */
const utf8Bytes = fc.array(
  fc.constantFrom(
    0x00,
    0x41,
    0x7f,
    0x80,
    0x8f,
    0x90,
    0x9f,
    0xa0,
    0xbf,
    0xc0,
    0xc2,
    0xdf,
    0xe0,
    0xe2,
    0xed,
    0xef,
    0xbb,
    0xf0,
    0xf1,
    0xf4,
    0xf5,
    0xff,
  ),
  { maxLength: 90 },
);
const anyText = fc
  .array(fc.constantFrom("a", "é", "€", "😀", "\ud83d", "\ude00", "\0", "\ufeff"), { maxLength: 90 })
  .map((units) => units.join(""));

t.test(
  "short texts are encoded in the guest, long ones by the host, both as this runtime does",
  async (t) => {
    fc.assert(
      fc.property(anyText, (text) => {
        t.same([...new TextEncoder().encode(text)], [...new NativeEncoder().encode(text)]);
      }),
      { numRuns: 300 },
    );
    calls.clear();
    new TextEncoder().encode("x".repeat(64));
    t.equal(calls.size, 0);
    new TextEncoder().encode("x".repeat(65));
    t.equal(calls.get(HostOp.utf8Encode), 1);
  },
);

t.test("each encoded text has a buffer of its own and nothing else in it", async (t) => {
  for (const text of ["short", "long".repeat(50)]) {
    const bytes = new TextEncoder().encode(text);
    t.equal(bytes.buffer.byteLength, text.length);
    t.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype);
  }
  t.same([...new TextEncoder().encode()], []);
  t.equal(new TextEncoder().encoding, "utf-8");
});

t.test("encodeInto writes whole characters as far as there is room", async (t) => {
  fc.assert(
    fc.property(anyText, fc.nat(40), (text, size) => {
      const [ours, theirs] = [new Uint8Array(size), new Uint8Array(size)];
      t.same(new TextEncoder().encodeInto(text, ours), new NativeEncoder().encodeInto(text, theirs));
      t.same(ours, theirs);
    }),
    { numRuns: 300 },
  );
  t.throws(() => new TextEncoder().encodeInto("a", [] as unknown as Uint8Array), TypeError);
});

for (const encoding of ["utf-8", "utf-16le", "windows-1252"]) {
  for (const fatal of [false, true]) {
    t.test(
      `${encoding}${fatal ? ", fatal," : ""} is decoded as in this runtime, in any chunks`,
      async (t) => {
        fc.assert(
          fc.property(
            utf8Bytes,
            fc.array(fc.nat(8), { maxLength: 6 }),
            fc.boolean(),
            (bytes, cuts, ignoreBOM) => {
              const ours = new TextDecoder(encoding, { fatal, ignoreBOM });
              const theirs = new NativeDecoder(encoding, { fatal, ignoreBOM });
              const chunks = inChunks(Uint8Array.from(bytes), cuts);
              const decode = (decoder: {
                decode(bytes?: Uint8Array, options?: { stream?: boolean }): string;
              }) =>
                attempt(
                  () =>
                    chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("|") +
                    decoder.decode(),
                );
              t.equal(decode(ours), decode(theirs));
            },
          ),
          { numRuns: 400 },
        );
      },
    );
  }
}

t.test("a decoder begins anew after the end of a stream", async (t) => {
  const decoder = new TextDecoder();
  t.equal(decoder.decode(Uint8Array.of(0xef, 0xbb), { stream: true }), "");
  t.equal(decoder.decode(Uint8Array.of(0xbf, 0x41), { stream: true }), "A");
  t.equal(
    decoder.decode(Uint8Array.of(0xef, 0xbb, 0xbf)),
    "\ufeff",
    "a mark within the stream is a character",
  );
  t.equal(decoder.decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x42)), "B");
  t.equal(decoder.decode(), "");
});

t.test("a decoder takes buffers and views, from where they begin to where they end", async (t) => {
  const { buffer } = Uint8Array.from([0x41, 0x42, 0x43, 0x44]);
  t.equal(new TextDecoder().decode(buffer), "ABCD");
  t.equal(new TextDecoder().decode(new DataView(buffer, 1, 2)), "BC");
  t.equal(new TextDecoder().decode(new Uint16Array(buffer, 2, 1)), "CD");
  t.equal(new TextDecoder().decode(new SharedArrayBuffer(1)), "\0");
  for (const input of ["A", null, {}, [0x41]]) {
    t.throws(() => new TextDecoder().decode(input as unknown as ArrayBuffer), TypeError);
  }
});

t.test("labels are those of the Encoding Standard, and of no encoding that is not here", async (t) => {
  const labels = [
    "UTF-8",
    " utf8\n",
    "unicode-1-1-utf-8",
    "unicode11utf8",
    "unicode20utf8",
    "x-unicode20utf8",
    "latin1",
    "ISO-8859-1",
    "iso88591",
    "iso8859-1",
    "iso_8859-1:1987",
    "us-ascii",
    "l1",
    "cp819",
    "x-cp1252",
    "utf-16",
    "utf-16le",
    "ucs-2",
    "unicode",
  ];
  for (const label of labels)
    t.equal(new TextDecoder(label).encoding, new NativeDecoder(label).encoding, label);
  for (const label of ["", "utf-7", "shift_jis", "utf-16be", "utf-\u00a08", "x"]) {
    t.throws(() => new TextDecoder(label), RangeError, label);
  }
  t.same({ ...pick(new TextDecoder("utf-8", { fatal: true })) }, { fatal: true, ignoreBOM: false });
});

t.test("Attack: white space inside of a label costs no more than its length (CWE-1333)", async (t) => {
  const run = " ".repeat(200_000);
  const before = performance.now();
  t.throws(() => new TextDecoder(`utf${run}8`), RangeError);
  t.equal(new TextDecoder(`${run}\f\r\n\tutf-8${run}\f`).encoding, "utf-8");
  t.ok(performance.now() - before < 1000);
});

t.test("the host takes at most 16 Mi at once", async (t) => {
  const longest = 16 * 1024 * 1024;
  t.throws(() => utf8Encode("x".repeat(longest + 1)), { name: "RangeError" });
  t.throws(() => utf8Decode("", new Uint8Array(longest + 1)), { name: "RangeError" });
  t.throws(() => utf8Decode("", undefined), { name: "TypeError" });
  t.throws(() => utf8Decode("fatal", Uint8Array.of(0xff)), {
    name: "TypeError",
    message: "The bytes are not UTF-8",
  });
});

function pick({ fatal, ignoreBOM }: TextDecoder): object {
  return { fatal, ignoreBOM };
}

function inChunks(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let start = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(start, start + size));
    start += size;
  }
  return [...chunks, bytes.subarray(start)];
}

function attempt(action: () => string): string {
  try {
    return action();
  } catch (error) {
    return (error as Error).name;
  }
}
