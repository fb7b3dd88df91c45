import t from "tap";
import { planResponse, planSilence } from "../../../plugins/cache/response-plan.ts";
import { defaultRules } from "../../../plugins/cache/rules.ts";
import { freshened, likeness, validationEdits } from "../../../plugins/cache/validation.ts";
import { dateAt, type Fields, request, response, start, stored } from "./messages.ts";

const times = { requested: start + 60_000, responded: start + 60_000 };
const get = request();
const head = request({}, { method: "HEAD" });

const confirmed = (old: Fields, news: Fields) =>
  freshened(stored(old), get, response(news, 304), times, defaultRules);

t.test("validation asks for the whole, with the validators that are stored", async (t) => {
  t.same(validationEdits(stored({ etag: 'W/"a"', "last-modified": dateAt(-5) })), [
    ["if-none-match", 'W/"a"'],
    ["if-modified-since", dateAt(-5)],
    ["range", null],
    ["if-range", null],
  ]);
  t.same(
    validationEdits(stored({})).slice(0, 2),
    [
      ["if-none-match", null],
      ["if-modified-since", null],
    ],
    "the client's go",
  );
});

t.test("a 304 replaces the fields that it has, and the response is as young as it", async (t) => {
  const news = confirmed(
    {
      etag: '"a"',
      "cache-control": "max-age=5",
      age: "3",
      date: dateAt(0),
      "x-old": "1",
      "set-cookie": ["a=1", "b=2"],
    },
    { etag: '"a"', "cache-control": "max-age=9", date: dateAt(60), "set-cookie": "c=3" },
  );
  t.match(news, {
    refusal: null,
    stored: { lifetime: 9000, initialAge: 0, responded: times.responded, status: 200 },
  });
  t.same(
    new Map(news?.stored.fields),
    new Map([
      ["x-old", "1"],
      ["etag", '"a"'],
      ["cache-control", "max-age=9"],
      ["date", dateAt(60)],
      ["set-cookie", "c=3"],
    ]),
  );
});

t.test("a 304 without Date is as young as its arrival", async (t) => {
  const news = confirmed({ etag: '"a"', "cache-control": "max-age=5", date: dateAt(0) }, {});
  t.match(news?.stored, { initialAge: 0, lifetime: 5000 });
  t.same(new Map(news?.stored.fields).get("date"), dateAt(60));
});

t.test("a 304 does not change what describes the stored bytes", async (t) => {
  const old = {
    etag: '"a"',
    "content-length": "36",
    "content-encoding": "gzip",
    "cache-control": "max-age=5",
  };
  const news = confirmed(old, {
    etag: '"a"',
    "content-length": "0",
    "content-encoding": "br",
    "content-range": "bytes 0-1/2",
  });
  const fields = new Map(news?.stored.fields);
  t.equal(fields.get("content-length"), "36");
  t.equal(fields.get("content-encoding"), "gzip");
  t.notOk(fields.has("content-range"));
});

t.test("a 304 about something else confirms nothing", async (t) => {
  t.equal(confirmed({ etag: '"a"' }, { etag: '"b"' }), null);
  t.equal(confirmed({ "last-modified": dateAt(-9) }, { etag: '"b"' }), null);
  t.equal(confirmed({ "last-modified": dateAt(-9) }, { "last-modified": dateAt(-5) }), null);
  t.ok(confirmed({ etag: '"a"', "last-modified": dateAt(-9) }, {}));
  t.ok(confirmed({ etag: '"a"' }, { "last-modified": dateAt(-9) }), "a date where there was none");
  t.ok(confirmed({ etag: 'W/"a"' }, { etag: '"a"' }), "servers that compress weaken one of them");
});

t.test("a 304 that forbids storing is an answer, and the last one", async (t) => {
  const old = stored({ etag: '"a"', "cache-control": "max-age=5" });
  const found = { stored: old, fallback: { onError: false, onSilence: true } };
  const news = response({ "cache-control": "no-store" }, 304);
  t.match(planResponse(get, found, news, times, defaultRules), { kind: "answer", old: "drop" });
});

t.test("HEAD updates what it describes, and ends what it does not", async (t) => {
  const old = stored({ etag: '"a"', "content-length": "5", "cache-control": "max-age=5", "x-a": "1" });
  const found = { stored: old, fallback: { onError: false, onSilence: false } };
  const plan = (fields: Fields, status = 200) =>
    planResponse(head, found, response(fields, status), times, defaultRules);
  const same = { etag: '"a"', "content-length": "5", "cache-control": "max-age=7", "x-a": "2" };
  t.match(plan(same), { kind: "update", stored: { lifetime: 7000 } });
  t.match(plan({ "cache-control": "max-age=7" }), { kind: "pass", old: "leave" }, "it does not tell");
  t.equal(likeness(stored({}), response({ etag: '"a"' })), "other");
  t.match(plan({ ...same, etag: '"b"' }), { kind: "pass", old: "drop" });
  t.match(plan({ ...same, "content-length": "6" }), { kind: "pass", old: "drop" });
  t.match(plan({ ...same, "cache-control": "private" }), { kind: "pass", old: "drop", because: "private" });
  t.match(plan(same, 410), { kind: "pass", old: "drop" });
});

t.test("a whole response takes the place of the stored one, or ends it", async (t) => {
  const found = { stored: stored({ etag: '"a"' }), fallback: { onError: false, onSilence: false } };
  const plan = (fields: Fields, status = 200) =>
    planResponse(get, found, response(fields, status), times, defaultRules);
  t.match(plan({ "cache-control": "max-age=5", vary: "b, A" }), {
    kind: "store",
    vary: ["a", "b"],
    stored: { lifetime: 5000 },
  });
  t.match(plan({ "cache-control": "no-store" }), { kind: "pass", old: "drop", because: "no-store" });
  t.match(plan({}, 404), { kind: "pass", old: "drop" });
  t.match(plan({}, 206), { kind: "pass", old: "leave" });
  t.match(plan({ etag: '"other"' }, 304), { kind: "ask-again" });
});

t.test("a 304 to the client's own condition is passed on where nothing was found", async (t) => {
  const conditional = request({ "if-none-match": '"a"' });
  t.match(planResponse(conditional, null, response({ etag: '"a"' }, 304), times, defaultRules), {
    kind: "pass",
    because: "status",
  });
});

t.test("an error of the origin ends nothing, and is hidden where that is allowed", async (t) => {
  const old = stored({ etag: '"a"' });
  const plan = (onError: boolean, status: number) =>
    planResponse(
      get,
      { stored: old, fallback: { onError, onSilence: true } },
      response({ "cache-control": "max-age=5" }, status),
      times,
      defaultRules,
    );
  for (const status of [500, 502, 503, 504]) {
    t.match(plan(true, status), { kind: "answer", old: "leave", stored: old }, `${status}`);
    t.match(plan(false, status), { kind: "pass", old: "leave" }, `${status}`);
  }
  t.match(plan(true, 501), { kind: "store" }, "501 says something of the resource");
});

t.test("what is stored answers for an origin that is silent, where that is allowed", async (t) => {
  const old = stored({});
  t.equal(planSilence({ stored: old, fallback: { onError: false, onSilence: true } }), old);
  t.equal(planSilence({ stored: old, fallback: { onError: true, onSilence: false } }), null);
  t.equal(planSilence(null), null);
});
