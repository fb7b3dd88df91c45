import t from "tap";
import { isEligible } from "../../../plugins/compress/eligible.ts";
import { tellCoding, varyByEncoding, weakenTagOfNotModified } from "../../../plugins/compress/fields.ts";
import { mediaTypes } from "../../../plugins/compress/media-types.ts";

const types = mediaTypes(["text/*", "application/json", "*+json", "*+xml"]);

const verdict = (status: number, fields: Record<string, string>) =>
  isEligible({ status, headers: new Headers(fields) }, types, 100);

const json = { "content-type": "application/json" };

const judged: readonly [
  title: string,
  status: number,
  fields: Record<string, string>,
  isEligible: boolean,
][] = [
  ["JSON of unknown length", 200, json, true],
  ["JSON that is long enough", 200, { ...json, "content-length": "100" }, true],
  ["JSON that is too short", 200, { ...json, "content-length": "99" }, false],
  ["a body that is empty", 200, { ...json, "content-length": "0" }, false],
  ["an error with a body", 500, { "content-type": "text/html; charset=utf-8" }, true],
  ["a type in upper case", 200, { "content-type": "TEXT/HTML" }, true],
  ["a type by its suffix", 200, { "content-type": "image/svg+xml" }, true],
  ["an image", 200, { "content-type": "image/png" }, false],
  ["a video", 200, { "content-type": "video/mp4" }, false],
  ["an archive", 200, { "content-type": "application/zip" }, false],
  ["something without a type", 200, {}, false],
  ["what is encoded already", 200, { ...json, "content-encoding": "br" }, false],
  ["what is encoded in nothing", 200, { ...json, "content-encoding": "Identity" }, true],
  ["a part", 206, { ...json, "content-range": "bytes 0-1/2" }, false],
  ["what says that it is a part", 200, { ...json, "content-range": "bytes 0-1/2" }, false],
  ["what is not there", 204, json, false],
  ["a form that is to be emptied", 205, json, false],
  ["not modified", 304, {}, true],
  ["an image not modified", 304, { "content-type": "image/png" }, false],
  ["no-transform", 200, { ...json, "cache-control": "public, No-Transform" }, false],
  ["something like no-transform", 200, { ...json, "cache-control": "x-no-transform, no-transform-x" }, true],
  ["gRPC, also with JSON in it", 200, { "content-type": "application/grpc+json" }, false],
];

for (const [title, status, fields, expected] of judged) {
  t.test(`${title} is ${expected ? "" : "not "}worth it`, async (t) =>
    t.equal(verdict(status, fields), expected),
  );
}

t.test("Vary names the field once, and nothing where it says everything", async (t) => {
  const vary = (value: string | null) => {
    const headers = new Headers(value === null ? {} : { vary: value });
    varyByEncoding(headers);
    return headers.get("vary");
  };
  t.equal(vary(null), "Accept-Encoding");
  t.equal(vary("Origin"), "Origin, Accept-Encoding");
  t.equal(vary("Origin, accept-encoding"), "Origin, accept-encoding");
  t.equal(vary("*"), "*");
});

t.test("what told of the bytes as they were goes, and the tag becomes weak", async (t) => {
  const headers = new Headers({
    etag: '"a"',
    "content-md5": "x",
    digest: "x",
    "content-digest": "x",
    "repr-digest": "x",
    "accept-ranges": "bytes",
    "x-own": "1",
  });
  tellCoding(headers, "br");
  t.same(Object.fromEntries(headers), { etag: 'W/"a"', "content-encoding": "br", "x-own": "1" });
  tellCoding(headers, "br");
  t.equal(headers.get("etag"), 'W/"a"', "a weak one stays");
});

t.test("a 304 has the tag that the client knows", async (t) => {
  const tag = (ifNoneMatch: string | null) => {
    const headers = new Headers({ etag: '"a"' });
    weakenTagOfNotModified(headers, ifNoneMatch);
    return headers.get("etag");
  };
  t.equal(tag('W/"a"'), 'W/"a"');
  t.equal(tag('"b", W/"a"'), 'W/"a"');
  t.equal(tag('"a"'), '"a"');
  t.equal(tag(null), '"a"');
});
