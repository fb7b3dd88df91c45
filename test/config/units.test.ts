import fc from "fast-check";
import t from "tap";
import { formatDuration, formatSize, parseDuration, parseSize } from "../../core/config/units.ts";

t.test("parseDuration reads each unit as milliseconds", async (t) => {
  t.equal(parseDuration("250ms"), 250);
  t.equal(parseDuration("10s"), 10_000);
  t.equal(parseDuration("1.5s"), 1500);
  t.equal(parseDuration("5m"), 300_000);
  t.equal(parseDuration("1h"), 3_600_000);
  t.equal(parseDuration(42), 42);
});

t.test("parseDuration refuses what is no whole number of milliseconds", async (t) => {
  for (const text of [
    "",
    "10",
    "s",
    "-1s",
    "+1s",
    "1 s",
    "1S",
    "0.5ms",
    "1e3s",
    "1s ",
    "10y",
    "99999999999999h",
  ]) {
    t.equal(parseDuration(text), null, text);
  }
  for (const number of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) t.equal(parseDuration(number), null);
});

t.test("parseSize tells units of 1024 from units of 1000", async (t) => {
  t.equal(parseSize("64KiB"), 65_536);
  t.equal(parseSize("1MiB"), 1_048_576);
  t.equal(parseSize("10MB"), 10_000_000);
  t.equal(parseSize("1.5KB"), 1500);
  t.equal(parseSize("7B"), 7);
  t.equal(parseSize(512), 512);
});

t.test("parseSize refuses what is no whole number of bytes", async (t) => {
  for (const text of ["", "10", "1k", "1kb", "1 KiB", "0.3B", "1KiBs", "9999999TiB"])
    t.equal(parseSize(text), null, text);
});

t.test("what is formatted is read back as the same number", async (t) => {
  const quantity = fc.nat({ max: 2 ** 31 });
  fc.assert(fc.property(quantity, (ms) => parseDuration(formatDuration(ms)) === ms));
  fc.assert(fc.property(quantity, (bytes) => parseSize(formatSize(bytes)) === bytes));
  t.equal(formatDuration(90_000), "90s");
  t.equal(formatDuration(0), "0ms");
  t.equal(formatSize(2 ** 30), "1GiB");
});
