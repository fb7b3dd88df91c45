import t from "tap";
import { parseRetryAfter } from "../../../core/upstream/retry/retry-after.ts";

const now = Date.UTC(1994, 10, 6, 8, 49, 30);

t.test("Retry-After is a number of seconds or a date, in each of the three forms", async (t) => {
  t.equal(parseRetryAfter("0", now), 0);
  t.equal(parseRetryAfter("120", now), 120_000);
  t.equal(parseRetryAfter("Sun, 06 Nov 1994 08:49:37 GMT", now), 7_000);
  t.equal(parseRetryAfter("Sunday, 06-Nov-94 08:49:37 GMT", now), 7_000);
  t.equal(parseRetryAfter("Sun Nov  6 08:49:37 1994", now), 7_000);
});

t.test("a date that is over asks for no pause", async (t) => {
  t.equal(parseRetryAfter("Sun, 06 Nov 1994 08:49:00 GMT", now), 0);
});

t.test("anything else is not a pause", async (t) => {
  for (const text of [
    "",
    "-1",
    "1.5",
    "1e3",
    " 1",
    "0x10",
    "1, 2",
    "99999999999",
    "soon",
    "Nov 1994",
    "1994-11-06T08:49:37Z",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 +0100",
    "Sun, 06 Nov 1994 25:49:37 GMT",
    "Sun Nov  6 08:49:37 1994 GMT",
  ]) {
    t.equal(parseRetryAfter(text, now), null, JSON.stringify(text));
  }
});
