import t from "tap";
import { AbsentKeys } from "../../../../core/store/redis/responses/absent-keys.ts";

t.test("long keys make it forgetful, instead of filling the memory", async (t) => {
  const keys = new AbsentKeys(60_000);
  const long = (n: number) => `${n}${"x".repeat(32_000)}`;
  for (let n = 0; n < 1000; n++) keys.add(long(n));
  const known = Array.from({ length: 1000 }, (_, n) => keys.has(long(n))).filter(Boolean).length;
  t.ok(known > 0 && known < 140, `${known} keys`);
  t.ok(keys.has(long(999)));
});

t.test("a key that comes and goes takes no more room each time", async (t) => {
  const keys = new AbsentKeys(60_000);
  keys.add("first");
  for (let n = 0; n < 1000; n++) {
    keys.add("x".repeat(32_000));
    keys.add("x".repeat(32_000));
    keys.delete("x".repeat(32_000));
  }
  t.ok(keys.has("first"));
});
