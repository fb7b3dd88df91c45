import fc from "fast-check";
import t from "tap";
import { formatHttpDate, parseHttpDate } from "../../../plugins/cache/http-date.ts";
import { start } from "./messages.ts";

const parse = (text: string) => parseHttpDate(text, start);

t.test("all three forms of a date name the same time", async (t) => {
  const time = Date.UTC(1994, 10, 6, 8, 49, 37);
  t.equal(parse("Sun, 06 Nov 1994 08:49:37 GMT"), time);
  t.equal(parse("Sunday, 06-Nov-94 08:49:37 GMT"), time);
  t.equal(parse("Sun Nov  6 08:49:37 1994"), time);
  t.equal(parse("SUN, 06 nov 1994 08:49:37 gmt"), time);
  t.equal(formatHttpDate(time + 999), "Sun, 06 Nov 1994 08:49:37 GMT");
});

t.test("a year of two digits is at most 50 years ahead", async (t) => {
  const year = (digits: string, now: number) =>
    new Date(parseHttpDate(`Sunday, 06-Nov-${digits} 08:49:37 GMT`, now) ?? 0).getUTCFullYear();
  t.equal(year("76", start), 2076);
  t.equal(year("77", start), 1977);
  t.equal(year("26", start), 2026);
  t.equal(year("10", Date.UTC(2080, 0)), 2110);
});

t.test("what is none of the forms is no date", async (t) => {
  const texts = [
    "",
    "0",
    "-1",
    "1994-11-06T08:49:37Z",
    "Thu, 18 Aug 2050 02:01:18 UTC",
    "Thu, 18 Aug 2050 02:01:18 AEST",
    "Thu, 18 Aug 50 02:01:18 GMT",
    "Thu 18 Aug 2050 02:01:18 GMT",
    "Thu, 18  Aug  2050 02:01:18 GMT",
    "Thu, 18-Aug-2050 02:01:18 GMT",
    "Thu, 18 Aug 2050 02.01.18 GMT",
    "Thu, 18 Aug 2050 2:01:18 GMT",
    "Thu, 18 Aug 2050 24:01:18 GMT",
    "Thu, 18 Aug 2050 02:60:18 GMT",
    "Thu, 31 Feb 2050 02:01:18 GMT",
    "Thu, 00 Feb 2050 02:01:18 GMT",
    "Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT",
    "Fri, 18 Aug 2050 02:01:18 GMT\n",
  ];
  for (const text of texts) t.equal(parse(text), null, text);
  t.equal(parseHttpDate(null, start), null);
});

t.test("every date that is written is read again", async () => {
  const seconds = fc.integer({ min: 0, max: 253_402_300_799 });
  fc.assert(fc.property(seconds, (time) => parse(formatHttpDate(time * 1000)) === time * 1000));
});
