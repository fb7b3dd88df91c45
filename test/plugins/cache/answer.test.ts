import fc from "fast-check";
import t from "tap";
import { type Answer, answerOf } from "../../../plugins/cache/answer.ts";
import { entityTags, matchesStrongly, matchesWeakly } from "../../../plugins/cache/conditional/entity-tag.ts";
import { dateAt, type Fields, request, start, stored } from "./messages.ts";

const fields: Fields = {
  etag: '"a"',
  "last-modified": dateAt(-100),
  date: dateAt(0),
  "content-type": "text/plain",
  "content-length": "10",
};

function answer(
  wanted: Fields = {},
  { has = fields, status = 200, method = "GET", length = 10, after = 0 } = {},
): Answer {
  return answerOf(stored(has, { status }), request(wanted, { method }), length, start + after * 1000);
}

const field = ({ fields }: Answer, name: string) => new Map(fields).get(name);

t.test("a stored response is sent whole with its age", async (t) => {
  const whole = answer({}, { has: { ...fields, age: "30" }, after: 5.9 });
  t.match(whole, { status: 200, body: { start: 0, end: 10 } });
  t.equal(field(whole, "age"), "35");
  t.equal(field(whole, "date"), dateAt(0), "Date stays");
  t.notOk(field(whole, "content-length"));
});

t.test("HEAD has the fields and no body", async (t) => {
  t.match(answer({ range: "bytes=0-1" }, { method: "HEAD" }), { status: 200, body: null });
  t.equal(answer({}, { length: 0 }).body, null);
});

t.test("a client that has it gets 304, by tag before date", async (t) => {
  const status = (wanted: Fields, has = fields) => answer(wanted, { has }).status;
  t.equal(status({ "if-none-match": '"a"' }), 304);
  t.equal(status({ "if-none-match": 'W/"a"' }), 304, "weak comparison");
  t.equal(status({ "if-none-match": '"x", "a", "y"' }), 304);
  t.equal(status({ "if-none-match": ['"x"', '"a"'] }), 304);
  t.equal(status({ "if-none-match": "*" }), 304);
  t.equal(status({ "if-none-match": '"A"' }), 200);
  t.equal(status({ "if-none-match": "a" }), 200);
  t.equal(status({ "if-none-match": "a" }, { etag: "a" }), 304, "without quotes, as it was sent");
  t.equal(status({ "if-modified-since": dateAt(-100) }), 304);
  t.equal(status({ "if-modified-since": dateAt(-101) }), 200);
  t.equal(status({ "if-modified-since": "yesterday" }), 200);
  t.equal(status({ "if-none-match": '"a"', "if-modified-since": dateAt(-500) }), 304);
  t.equal(status({ "if-none-match": '"b"', "if-modified-since": dateAt(0) }), 200);
  t.equal(
    status({ "if-modified-since": dateAt(0) }, { date: dateAt(0) }),
    304,
    "Date stands in for Last-Modified",
  );
});

t.test("only a 200 becomes a 304", async (t) => {
  t.equal(answer({ "if-none-match": '"a"' }, { status: 404 }).status, 404);
  t.equal(answer({ range: "bytes=0-1" }, { status: 404 }).status, 404);
});

t.test("a 304 has what tells versions apart, and nothing that describes a body", async (t) => {
  const names = (has: Fields) => answer({ "if-none-match": "*" }, { has }).fields.map(([name]) => name);
  t.same(names({ ...fields, "cache-control": "max-age=5", vary: "a", "content-location": "/b" }), [
    "etag",
    "date",
    "cache-control",
    "vary",
    "content-location",
    "age",
  ]);
  t.ok(names({ "last-modified": dateAt(-5) }).includes("last-modified"), "where there is no tag");
});

t.test("a range is cut out of the whole", async (t) => {
  const cut = (range: string, length = 10) => {
    const { status, body, fields } = answer({ range }, { length });
    return [status, body && [body.start, body.end], new Map(fields).get("content-range")];
  };
  t.same(cut("bytes=0-1"), [206, [0, 2], "bytes 0-1/10"]);
  t.same(cut("bytes=1-"), [206, [1, 10], "bytes 1-9/10"]);
  t.same(cut("bytes=-3"), [206, [7, 10], "bytes 7-9/10"]);
  t.same(cut("bytes=-30"), [206, [0, 10], "bytes 0-9/10"]);
  t.same(cut("bytes=5-99999999999999999999"), [206, [5, 10], "bytes 5-9/10"]);
  t.same(cut("Bytes= 0-0"), [206, [0, 1], "bytes 0-0/10"]);
});

t.test("a range of which nothing exists is answered with 416", async (t) => {
  for (const range of ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999-"]) {
    const nothing = answer({ range });
    t.match(nothing, { status: 416, body: null }, range);
    t.equal(field(nothing, "content-range"), "bytes */10");
    t.same(
      nothing.fields.map(([name]) => name),
      ["last-modified", "date", "age", "content-range"],
      "neither the type nor the tag of the body",
    );
  }
});

t.test("a range that is not understood, and several at once, get the whole", async (t) => {
  const ranges = [
    "bytes=",
    "bytes=-",
    "bytes=5-2",
    "bytes=a-b",
    "lines=0-1",
    "bytes 0-1",
    "0-1",
    "bytes=0-1,3-4",
    "bytes=-1-2",
  ];
  for (const range of ranges) t.match(answer({ range }), { status: 200, body: { start: 0, end: 10 } }, range);
  const overlapping = `bytes=${"0-,".repeat(10_000)}0-`;
  t.equal(answer({ range: overlapping }).status, 200, "as in CVE-2011-3192");
});

t.test("If-Range compares strongly, and lets the whole through where it fails", async (t) => {
  const status = (ifRange: string, has = fields) =>
    answer({ range: "bytes=0-1", "if-range": ifRange }, { has }).status;
  t.equal(status('"a"'), 206);
  t.equal(status('"b"'), 200);
  t.equal(status('W/"a"', { ...fields, etag: 'W/"a"' }), 200, "weak tags promise no bytes");
  t.equal(status(dateAt(-100)), 206);
  t.equal(status(dateAt(-50)), 200, "an exact match only");
  t.equal(
    status(dateAt(0), { ...fields, "last-modified": dateAt(0) }),
    200,
    "modified in the second it was sent",
  );
  t.equal(
    status(dateAt(-1), { ...fields, "last-modified": dateAt(-1) }),
    206,
    "modified in the second before",
  );
  t.equal(status("nonsense"), 200);
});

t.test("tags are told apart though they hold commas and backslashes", async (t) => {
  t.same(entityTags('"a, b",W/"c\\", "d"'), ['"a, b"', 'W/"c\\"', '"d"']);
  t.ok(matchesWeakly('W/"a"', '"a"'));
  t.notOk(matchesWeakly('w/"a"', '"a"'), "W is in upper case");
  t.ok(matchesStrongly('"a"', '"a"'));
  t.notOk(matchesStrongly('W/"a"', 'W/"a"'));
  t.notOk(matchesStrongly("a", "a"));
});

t.test("every answer lies within the body and says truly where", async () => {
  const position = fc.option(fc.nat(30), { nil: "" });
  fc.assert(
    fc.property(position, position, fc.nat(20), (first, last, length) => {
      const { status, body, fields } = answer({ range: `bytes=${first}-${last}` }, { length });
      if (status === 416) return body === null;
      if (status === 200) return body === null ? length === 0 : body.end === length;
      const said = `bytes ${body?.start}-${(body?.end ?? 0) - 1}/${length}`;
      return (
        body !== null &&
        body.start < body.end &&
        body.end <= length &&
        new Map(fields).get("content-range") === said
      );
    }),
  );
});
