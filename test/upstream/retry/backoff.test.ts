import t from "tap";
import { backoff } from "../../../core/upstream/retry/backoff.ts";
import { Random } from "../../support/random.ts";

const pauses = { base: 25, longest: 250 };

t.test("the range of the pause doubles up to the longest", async (t) => {
  const longest = (retry: number) => backoff(pauses, retry, 0, () => 1);
  t.same([1, 2, 3, 4, 5, 6, 2000].map(longest), [25, 50, 100, 200, 250, 250, 250]);
  t.equal(
    backoff(pauses, 4, 0, () => 0),
    0,
  );
});

t.test("pauses are spread evenly over their range", async (t) => {
  const random = new Random(1);
  const tenths = new Array<number>(10).fill(0);
  for (let i = 0; i < 50_000; i++) {
    tenths[Math.floor(backoff(pauses, 3, 0, () => random.next()) / 10)]!++;
  }
  for (const count of tenths) t.ok(Math.abs(count - 5_000) < 300, `${count} of 5000`);
});

t.test("what the endpoint asked for is waited for, and then at random", async (t) => {
  t.equal(
    backoff(pauses, 1, 1_000, () => 0),
    1_000,
  );
  t.equal(
    backoff(pauses, 2, 1_000, () => 0.5),
    1_025,
  );
});

t.test("a route without pauses does not pause", async (t) => {
  t.equal(
    backoff({ base: 0, longest: 0 }, 3, 0, () => 0.9),
    0,
  );
});
