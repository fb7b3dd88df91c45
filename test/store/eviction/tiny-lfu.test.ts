import fc from "fast-check";
import t from "tap";
import { FrequencySketch } from "../../../core/store/eviction/frequency-sketch.ts";
import { TinyLfu } from "../../../core/store/eviction/tiny-lfu.ts";
import { Random } from "../../support/random.ts";
import { lruRates, type SizeOf, tinyLfuRates } from "../eviction.ts";
import { latest, moving, scanned, steady, type Trace } from "../traces.ts";

const objects = 20_000;
const requests = 200_000;
const equal: SizeOf = () => 1000;
/** From 200 bytes to 80 kB, small ones more often, regardless of popularity. */
const mixed: SizeOf = (key) =>
  Math.round(200 * Math.exp(((Math.imul(key + 1, 0x9e3779b1) >>> 0) / 2 ** 32) * 6));

function twentieth(sizeOf: SizeOf): number {
  let bytes = 0;
  for (let key = 0; key < objects; key++) bytes += sizeOf(key);
  return bytes / 20;
}

t.test("hit rates beside those of LRU, with room for 5 % of the objects", async (t) => {
  const measure = (name: string, trace: () => Trace, sizeOf: SizeOf, least: number) => {
    const lru = lruRates(trace(), twentieth(sizeOf), sizeOf);
    const lfu = tinyLfuRates(trace(), twentieth(sizeOf), sizeOf);
    const ratio = lfu.requests / lru.requests;
    t.comment(
      `${name}: LRU ${lru.requests.toFixed(3)}, W-TinyLFU ${lfu.requests.toFixed(3)}, ratio ${ratio.toFixed(3)};` +
        ` of bytes ${lru.bytes.toFixed(3)} and ${lfu.bytes.toFixed(3)}`,
    );
    t.ok(ratio >= least, `${name}: at least ${least}`);
  };
  measure("Zipf(0.9)", () => steady(objects, requests, 1), equal, 1.15);
  measure("Zipf(0.9), sizes differ", () => steady(objects, requests, 2), mixed, 1.2);
  measure("Zipf(0.9) with scans", () => scanned(objects, requests, 3), equal, 1.15);
  measure("Zipf(0.9), popularity moves", () => moving(objects, requests, 4, 100), equal, 1.1);
  measure("popularity moves fast", () => moving(objects, requests, 5, 10), equal, 0.8);
  measure("the latest is asked for again", () => latest(requests, 6), equal, 0.7);
});

t.test("it never holds more than it may, and knows what it holds", async () => {
  const step = fc.record({
    key: fc.nat(30).map(String),
    bytes: fc.nat(60),
    kind: fc.constantFrom("want", "want", "want", "renew", "drop"),
  });
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 50, maxLength: 3000, size: "max" }),
      fc.integer(),
      (steps, seed) => {
        const policy = new TinyLfu({ capacity: 200, seed });
        const held = new Map<string, number>();
        return steps.every(({ key, bytes, kind }) => {
          if (kind === "drop") {
            policy.delete(key);
            held.delete(key);
          } else if (policy.touch(key) !== held.has(key)) return false;
          else if (!held.has(key)) {
            held.set(key, bytes);
            for (const gone of policy.insert(key, bytes)) if (!held.delete(gone)) return false;
          }
          let sum = 0;
          for (const size of held.values()) sum += size;
          return (
            policy.bytes === sum &&
            sum <= 200 &&
            policy.size === held.size &&
            policy.has(key) === held.has(key)
          );
        });
      },
    ),
    { numRuns: 50 },
  );
});

t.test("an entry that can never fit pushes nothing out", async (t) => {
  const policy = new TinyLfu({ capacity: 1000, seed: 1 });
  for (const key of ["a", "b", "c"]) policy.insert(key, 300);
  t.same(policy.insert("huge", 1001), ["huge"]);
  t.same(policy.insert("a", 2000), ["a"], "what grew too large goes by itself");
  t.same([policy.size, policy.bytes], [2, 600]);
});

t.test("an entry that comes again keeps its place", async (t) => {
  const policy = new TinyLfu({ capacity: 10_000, seed: 1 });
  const want = (key: string) => policy.touch(key) || policy.insert(key, 100);
  want("popular");
  for (let page = 0; page < 10; page++) want(`first ${page}`);
  want("popular");
  t.same(policy.insert("popular", 200), []);
  for (let page = 0; page < 500; page++) want(`page ${page}`);
  t.ok(policy.has("popular"));
  t.ok(policy.bytes <= 10_000);
});

t.test("a large entry has to be worth all the small ones that it would push out", async (t) => {
  const policy = new TinyLfu({ capacity: 1000, seed: 1 });
  for (let key = 0; key < 9; key++) {
    policy.touch(`small ${key}`);
    policy.touch(`small ${key}`);
    policy.insert(`small ${key}`, 100);
  }
  for (let times = 0; times < 5; times++) policy.touch("large");
  t.same(policy.insert("large", 900), ["large"]);
  t.equal(policy.size, 9);
});

t.test("a crawler that asks for everything once pushes nothing popular out", async (t) => {
  const policy = new TinyLfu({ capacity: 100_000, seed: 1 });
  const want = (key: string) => policy.touch(key) || policy.insert(key, 1000);
  const popular = Array.from({ length: 60 }, (_, index) => `popular ${index}`);
  for (let round = 0; round < 3; round++) for (const key of popular) want(key);
  let misses = 0;
  for (let page = 0; page < 20_000; page++) {
    want(`page ${page}`);
    if (want(popular[page % 60]!) !== true) misses++;
  }
  t.ok(misses < 20, `${misses} of 20 000 requests for popular pages were misses`);
});

t.test("a sketch never estimates too little, seldom too much, and forgets by halves", async (t) => {
  const random = new Random(1);
  const sketch = new FrequencySketch(1024);
  const counts = new Map<number, number>();
  for (let step = 0; step < 5000; step++) {
    const hash = random.int(0, 1023) * 0x9e3779b1;
    counts.set(hash, (counts.get(hash) ?? 0) + 1);
    sketch.add(hash);
  }
  const estimates = [...counts].map(([hash, count]) => sketch.estimate(hash) - Math.min(15, count));
  t.ok(estimates.every((surplus) => surplus >= 0));
  t.ok(estimates.filter((surplus) => surplus > 0).length < 20, "of 1024");
  const [hash] = [...counts.keys()];
  const before = sketch.estimate(hash!);
  sketch.fit(100_000);
  t.equal(sketch.estimate(hash!), before, "more room loses nothing");
  const small = new FrequencySketch(64);
  for (let times = 0; times < 20; times++) small.add(7);
  t.equal(small.estimate(7), 15);
  for (let other = 0; other < 625; other++) small.add(other * 0x9e3779b1 + 1);
  t.ok(small.estimate(7) < 12, "of what is not seen again, half is forgotten");
});

t.test("it fits into another capacity at once, whatever it holds", async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 60 });
  const capacities = fc.array(fc.integer({ min: 50, max: 3000 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(sizes, capacities, (sizes, capacities) => {
      const policy = new TinyLfu({ capacity: 3000, seed: 7 });
      const held = new Set<string>();
      sizes.forEach((bytes, key) => {
        policy.touch(`${key % 40}`);
        held.add(`${key % 40}`);
        for (const gone of policy.insert(`${key % 40}`, bytes)) held.delete(gone);
      });
      return capacities.every((capacity) => {
        for (const gone of policy.resize(capacity)) if (!held.delete(gone)) return false;
        return policy.bytes <= capacity && policy.size === held.size;
      });
    }),
  );
});
