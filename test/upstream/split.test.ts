import fc from "fast-check";
import t from "tap";
import { Split } from "../../core/upstream/split.ts";
import { Random } from "../support/random.ts";

const keys = Array.from({ length: 50_000 }, (_, index) => `user-${index}`);

function splitOf(weights: Readonly<Record<string, number>>, seed = ""): Split<string> {
  const clusters = Object.entries(weights).map(([name, weight]) => ({ name, weight }));
  return new Split(clusters, seed, (name) => name);
}

/** Share of each cluster. */
function shares(assigned: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const cluster of assigned) counts[cluster] = (counts[cluster] ?? 0) + 1 / assigned.length;
  return counts;
}

function assign(split: Split<string>): string[] {
  return keys.map((key) => split.forKey(key));
}

t.test("keys are shared by weight, within half a percent of all", async (t) => {
  for (const weights of [
    { stable: 90, canary: 10 },
    { a: 1, b: 1, c: 1 },
    { a: 50, b: 30, c: 15, d: 5 },
  ]) {
    const whole = Object.values(weights).reduce((sum, weight) => sum + weight);
    const found = shares(assign(splitOf(weights)));
    for (const [name, weight] of Object.entries(weights)) {
      t.ok(Math.abs(found[name]! - weight / whole) < 0.005, `${name}: ${found[name]} of ${weight / whole}`);
    }
  }
});

t.test("requests without a key are shared by weight, too", async (t) => {
  const split = splitOf({ stable: 90, canary: 10 });
  const random = new Random(7);
  const found = shares(Array.from({ length: 50_000 }, () => split.atRandom(random.next())));
  t.ok(Math.abs(found["canary"]! - 0.1) < 0.01, `${found["canary"]}`);
});

t.test("a canary raised from 10 to 20 keeps its keys and wins a tenth of all", async (t) => {
  const before = assign(splitOf({ stable: 90, canary: 10 }));
  const after = assign(splitOf({ stable: 80, canary: 20 }));
  const moved = before.filter((cluster, index) => cluster !== after[index]).length / keys.length;
  t.ok(before.every((cluster, index) => cluster !== "canary" || after[index] === "canary"));
  t.ok(Math.abs(moved - 0.1) < 0.005, `${moved}`);
});

t.test("a cluster that joins or leaves moves only its own keys", async (t) => {
  const two = assign(splitOf({ a: 50, b: 50 }));
  const three = assign(splitOf({ a: 50, b: 50, c: 20 }));
  t.ok(two.every((cluster, index) => three[index] === cluster || three[index] === "c"));
  t.ok(Math.abs(shares(three)["c"]! - 1 / 6) < 0.01);
});

t.test("the order in the file means nothing, and the same key is the same everywhere", async (t) => {
  t.same(assign(splitOf({ stable: 90, canary: 10 })), assign(splitOf({ canary: 10, stable: 90 })));
  const known = keys.slice(0, 40).map((key) => splitOf({ stable: 1, canary: 1 }).forKey(key)[0]);
  t.equal(known.join(""), "sscscsccscsscsssccccsssccsccsssscssssscc");
});

t.test("splits with different seeds are independent", async (t) => {
  const one = assign(splitOf({ a: 50, b: 50 }, "one"));
  const two = assign(splitOf({ a: 50, b: 50 }, "two"));
  const both = one.filter((cluster, index) => cluster === two[index]).length / keys.length;
  t.ok(Math.abs(both - 0.5) < 0.02, `${both}`);
});

t.test("a weight of 0 gets nothing, and any key leads to a cluster of the split", async (t) => {
  t.same([...new Set(assign(splitOf({ off: 0, on: 1 })))], ["on"]);
  const split = splitOf({ a: 1, b: 10_000 });
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (key) => ["a", "b"].includes(split.forKey(key))),
    { numRuns: 500 },
  );
  for (const random of [0, 1 - 2 ** -53]) t.match(split.atRandom(random), /^[ab]$/);
});
