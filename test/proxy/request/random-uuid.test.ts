import t from "tap";
import { randomUuid } from "../../../core/proxy/request/random-uuid.ts";

t.test("they are UUIDs of version 4, and no two are alike", async (t) => {
  const ids = Array.from({ length: 10_000 }, randomUuid);
  const form = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  t.equal(
    ids.find((id) => !form.test(id)),
    undefined,
  );
  t.equal(new Set(ids).size, ids.length);
});

t.test("each digit that is free takes each value", async (t) => {
  const seen = Array.from({ length: 36 }, () => new Set<string>());
  for (let n = 0; n < 5000; n++) for (const [at, digit] of [...randomUuid()].entries()) seen[at]!.add(digit);
  const counts = seen.map(({ size }) => size);
  const expected = Array.from("xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx", (kind) =>
    kind === "x" ? 16 : kind === "y" ? 4 : 1,
  );
  t.same(counts, expected);
});
