import fc from "fast-check";
import t from "tap";
import type { Counters } from "../../../core/store/counters/counters.ts";
import { MemoryCounters } from "../../../core/store/counters/memory-counters.ts";
import { SharedCounters } from "../../../core/store/counters/shared-counters.ts";
import { MemoryKeyValues } from "../../../core/store/kv/memory-key-values.ts";
import { SharedKeyValues } from "../../../core/store/kv/shared-key-values.ts";
import { MemoryRooms } from "../../../core/store/memory-rooms.ts";
import { createStoreMemory } from "../../../core/store/shared/store-memory.ts";
import { holds } from "../../wire/property.ts";

interface Clocked {
  readonly counters: Counters;
  readonly values: SharedKeyValues | MemoryKeyValues;
  pass(ms: number): void;
}

function inSharedMemory(bytes = 64 * 1024, shards = 2): Clocked {
  let now = 1000;
  const memory = createStoreMemory({ shards, spares: 0, bytes });
  const clock = () => now;
  return {
    counters: new SharedCounters(memory, clock),
    values: new SharedKeyValues(memory, clock),
    pass: (ms) => {
      now += ms;
    },
  };
}

function inOwnMemory(bytes?: number): Clocked {
  let now = 1000;
  const rooms = new MemoryRooms(bytes);
  const clock = () => now;
  return {
    counters: new MemoryCounters(clock, rooms),
    values: new MemoryKeyValues(clock, rooms),
    pass: (ms) => {
      now += ms;
    },
  };
}

for (const [where, make] of [
  ["memory that threads share", inSharedMemory],
  ["memory of one thread", inOwnMemory],
] as const) {
  t.test(`in ${where} a number is there until its time is over, which counts from the first`, async (t) => {
    const { counters, pass } = make();
    t.equal(counters.add("p", "k", 2, 100, null), 2);
    pass(60);
    t.equal(counters.add("p", "k", 3, 100, null), 5);
    pass(39);
    t.equal(counters.get("p", "k"), 5);
    pass(1);
    t.equal(counters.get("p", "k"), null);
    t.equal(counters.add("p", "k", 1, null, null), 1);
    pass(1e9);
    t.equal(counters.get("p", "k"), 1);
  });

  t.test(`in ${where} set and compareAndSet begin the time anew`, async (t) => {
    const { counters, pass } = make();
    counters.set("p", "k", 1, 100);
    pass(60);
    counters.set("p", "k", 2, 100);
    pass(60);
    t.equal(counters.compareAndSet("p", "k", 2, 3, 100), true);
    pass(99);
    t.equal(counters.get("p", "k"), 3);
    pass(1);
    t.equal(counters.compareAndSet("p", "k", 3, 4, null), false);
    t.equal(counters.compareAndSet("p", "k", null, 4, null), true);
    t.equal(counters.delete("p", "k"), true);
    t.equal(counters.delete("p", "k"), false);
  });

  t.test(`in ${where} a sum above the most, or no number, changes nothing`, async (t) => {
    const { counters } = make();
    t.equal(counters.add("p", "k", 3, null, 2), null);
    t.equal(counters.get("p", "k"), null);
    t.equal(counters.add("p", "k", 2, null, 2), 2);
    t.equal(counters.add("p", "k", 0.5, null, 2), null);
    t.equal(counters.add("p", "k", -1, null, 2), 1);
    t.equal(counters.add("p", "big", 1e308, null, null), 1e308);
    t.equal(counters.add("p", "big", 1e308, null, null), null);
    t.equal(counters.get("p", "big"), 1e308);
  });

  t.test(`in ${where} a bucket fills with time, and one that is full is forgotten`, async (t) => {
    const { counters, pass } = make();
    const rule = { rate: 0.001, burst: 2 };
    t.match(counters.take("p", "b", 2, rule), { wait: 0, left: 0 });
    t.match(counters.take("p", "b", 1, rule), { wait: 1000, left: 0 });
    pass(1000);
    t.match(counters.take("p", "b", 1, rule), { wait: 0 });
    t.not(counters.get("p", "b"), null);
    pass(2000);
    t.equal(counters.get("p", "b"), null);
  });

  t.test(`in ${where} counters and values with one key are two things`, async (t) => {
    const { counters, values } = make();
    values.set("p", "k", "text", null);
    t.equal(counters.get("p", "k"), null);
    counters.set("p", "k", 7, null);
    t.equal(values.get("p", "k"), "text");
    t.equal(counters.add("q", "k", 1, null, null), 1);
    t.equal(values.delete("p", "k"), true);
    t.equal(counters.get("p", "k"), 7);
  });

  t.test(
    `in ${where} a flood of keys takes the oldest of counters and values, and no more room`,
    async (t) => {
      const { counters, values } = make(32 * 1024, 1);
      values.set("p", "old", "value", null);
      counters.set("p", "hot", 0, null);
      for (let key = 0; key < 5000; key++) {
        counters.add("p", `${key}`, 1, null, null);
        if (key % 50 === 0) counters.add("p", "hot", 1, null, null);
      }
      t.equal(values.get("p", "old"), null);
      t.equal(counters.get("p", "0"), null);
      t.equal(counters.get("p", "4999"), 1);
      t.equal(counters.get("p", "hot"), 100, "what is written again and again stays");
      let kept = 0;
      for (let key = 0; key < 5000; key++) if (counters.get("p", `${key}`) !== null) kept++;
      t.ok(kept > 100 && kept <= 300, `${kept}`);
    },
  );
}

/** One step of a program, and what it came to. */
type Step = (store: Clocked) => unknown;

const namespace = fc.constantFrom("one", "two");
const key = fc.constantFrom("a", "b", "", "a key that takes more than one cell: ".repeat(9), "\u2603");
const number = fc.constantFrom(0, -0, 1, -3, 0.1, 1e300, Number.MAX_VALUE, 5e-324, 2 ** 53);
const ttl = fc.option(fc.constantFrom(1, 10, 100));
const rule = fc.constantFrom({ rate: 0.01, burst: 1 }, { rate: 1, burst: 10 }, { rate: 1 / 3, burst: 2.5 });

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(namespace, key).map<Step>((args) => (store) => store.counters.get(...args)),
  fc.tuple(namespace, key, number, ttl).map<Step>((args) => (store) => store.counters.set(...args)),
  fc.tuple(namespace, key).map<Step>((args) => (store) => store.counters.delete(...args)),
  fc
    .tuple(namespace, key, number, ttl, fc.option(fc.constantFrom(0, 5, 1e300)))
    .map<Step>((args) => (store) => store.counters.add(...args)),
  fc
    .tuple(namespace, key, fc.option(number), number, ttl)
    .map<Step>((args) => (store) => store.counters.compareAndSet(...args)),
  fc
    .tuple(namespace, key, fc.constantFrom(0, 1, 2.5, 3), rule)
    .map<Step>((args) => (store) => JSON.stringify(store.counters.take(...args))),
  fc.tuple(namespace, key, fc.constantFrom("x", "1")).map<Step>((args) => (store) => {
    store.values.set(...args, null);
  }),
  fc.constantFrom(0, 1, 9, 50).map<Step>((ms) => (store) => store.pass(ms)),
);

t.test("counters in shared memory and in a thread's own are the same, step by step", async (t) => {
  const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const shared = inSharedMemory();
    const own = inOwnMemory();
    for (const run of steps) {
      const found = run(shared);
      const expected = run(own);
      if (!Object.is(found, expected)) throw new Error(`found ${found}, expected ${expected}`);
    }
  });
  await holds(t, property, 2000);
});

t.test("the clock of shared counters begins with the memory", async (t) => {
  const memory = createStoreMemory();
  const one = new SharedCounters(memory);
  const before = one.now();
  const two = new SharedCounters(memory);
  t.ok(before >= 0 && before < 10_000, `${before}`);
  t.ok(two.now() >= before - 0.001 && two.now() < before + 10_000);
});
