import fc from "fast-check";
import t from "tap";
import { formats, isPlain, traceIdOf } from "../../../plugins/request-id/formats.ts";

const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const random = fc.uint8Array({ minLength: 16, maxLength: 16 });

t.test("each format makes ids that it knows, whatever the time and the random bytes are", (t) => {
  for (const [name, { make, pattern }] of Object.entries(formats)) {
    fc.assert(
      fc.property(random, time, (bytes, now) => {
        if (name === "trace" && bytes.every((byte) => byte === 0)) return;
        const id = make(bytes, now);
        if (!pattern.test(id) || !isPlain(id, 64)) throw new Error(`${name}: ${id}`);
      }),
    );
  }
  t.end();
});

t.test("ids with a time sort by it", (t) => {
  for (const name of ["uuid-v7", "ulid"] as const) {
    fc.assert(
      fc.property(random, random, time, time, (a, b, one, other) => {
        if (one === other) return;
        const [first, second] = [formats[name].make(a, one), formats[name].make(b, other)];
        if (first < second !== one < other) throw new Error(`${first} ${second}`);
      }),
    );
  }
  t.end();
});

t.test("ids are those of the standards' examples", (t) => {
  const hex = (text: string) => Uint8Array.from(text.match(/../g)!, (byte) => Number.parseInt(byte, 16));
  // RFC 9562, appendix A.6 and A.3
  const seven = hex("000000000000" + "0cc3" + "18c4dc0c0c07398f");
  t.equal(formats["uuid-v7"].make(seven, 0x017f22e279b0), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  const four = hex("919108f752d13320" + "9bacf847db4148a8");
  t.equal(formats["uuid-v4"].make(four, 0), "919108f7-52d1-4320-9bac-f847db4148a8");
  // https://github.com/ulid/spec
  t.match(formats.ulid.make(new Uint8Array(16), 1_469_918_176_385), /^01ARYZ6S41/);
  t.equal(formats.ulid.make(new Uint8Array(16).fill(255), 2 ** 48 - 1), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
  t.end();
});

t.test("the trace id is that of a traceparent which is well-formed", (t) => {
  const id = "0af7651916cd43dd8448eb211c80319c";
  t.equal(traceIdOf(`00-${id}-b7ad6b7169203331-01`), id);
  t.equal(traceIdOf(`cc-${id}-b7ad6b7169203331-01-what-comes`), id, "of a later version");
  for (const bad of [
    null,
    "",
    `00-${id}-b7ad6b7169203331-01-x`,
    `00-${id.toUpperCase()}-b7ad6b7169203331-01`,
    `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
    `00-${id}-${"0".repeat(16)}-01`,
    `ff-${id}-b7ad6b7169203331-01`,
    `00-${id}-b7ad6b7169203331-01, 00-${id}-b7ad6b7169203331-01`,
    `cc-${id}-b7ad6b7169203331-01-${"x".repeat(300)}`,
  ])
    t.equal(traceIdOf(bad), null, `${bad}`);
  t.end();
});

t.test("what could be taken for something else in a log, a shell or a spreadsheet is not plain", (t) => {
  for (const id of ["a", "A-1.b_2:3/4", "Root=", "k1~x+y=="]) t.ok(isPlain(id, 64), id);
  for (const id of [
    "",
    "a b",
    'a","level":"fatal',
    "a\nb",
    "a\r\nb",
    "a\u001b[31m",
    "\u202e",
    "a\u00e9",
    "=1+1",
    "-rf",
    "+1",
    "@a",
    "$(id)",
    "`id`",
    "a;b",
    "a,b",
    "<a>",
    "%0a",
    "x".repeat(65),
  ])
    t.notOk(isPlain(id, 64), JSON.stringify(id));
  t.end();
});
