import fc from "fast-check";
import t from "tap";
import { MemoryKeyValues } from "../../../core/store/kv/memory-key-values.ts";
import { SharedKeyValues } from "../../../core/store/kv/shared-key-values.ts";
import { createStoreMemory, type StoreShape } from "../../../core/store/shared/store-memory.ts";
import { holds } from "../../wire/property.ts";

const small: StoreShape = { shards: 1, spares: 1, bytes: 16 * 1024 };

/** A store on a clock that the test moves. */
function storeWithClock(shape?: StoreShape) {
  let now = 0;
  const store = new SharedKeyValues(createStoreMemory(shape), () => now);
  const pass = (ms: number) => {
    now += ms;
  };
  return { store, pass };
}

t.test("get returns what was set, of any characters and lengths", async (t) => {
  const { store } = storeWithClock({ shards: 2, spares: 0, bytes: 256 * 1024 });
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 400 }),
    fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes)),
  );
  const property = fc.property(text, text, (key, value) => {
    store.set("plugin", key, value, null);
    return store.get("plugin", key) === value;
  });
  await holds(t, property, 1000);
});

t.test("get keeps apart what a careless encoding would mix up", async (t) => {
  const { store } = storeWithClock();
  const keys = [
    ["a", "bc"],
    ["ab", "c"],
    ["a b", "c"],
    ["a", "b c"],
    ["a", ""],
    ["", "a"],
    // The same bytes: one wide character, and two narrow ones.
    ["a", "\u6261"],
    ["a", "ab"],
    ["a", "ab\0"],
    ["a", "ab\0\0"],
  ] as const;
  for (const [namespace, key] of keys) store.set(namespace, key, JSON.stringify([namespace, key]), null);
  for (const [namespace, key] of keys) t.equal(store.get(namespace, key), JSON.stringify([namespace, key]));
});

type Store = SharedKeyValues | MemoryKeyValues;

/** One step of a program, and what it came to. */
type Step = (store: Store, pass: (ms: number) => void) => unknown;

const namespace = fc.constantFrom("one", "two");
const key = fc.constantFrom("a", "b", "c", "", "a key that takes more than one cell: ".repeat(9), "\u2603");
const value = fc.constantFrom("1", "-2.5", '"text"', "[true]", "", "9".repeat(700), "\u2603".repeat(90));
const ttl = fc.option(fc.constantFrom(1, 10, 100));

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(namespace, key).map<Step>((args) => (store) => store.get(...args)),
  fc.tuple(namespace, key, value, ttl).map<Step>((args) => (store) => store.set(...args)),
  fc.tuple(namespace, key).map<Step>((args) => (store) => store.delete(...args)),
  fc
    .tuple(namespace, key, fc.constantFrom(1, -3, 0.1, 1e300, Number.MAX_VALUE), ttl)
    .map<Step>((args) => (store) => store.increment(...args)),
  fc.constantFrom(0, 1, 9, 50).map<Step>((ms) => (_store, pass) => pass(ms)),
);

function outcomeOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return String(error);
  }
}

t.test("what fits behaves as a Map does, step by step", async (t) => {
  const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    let now = 1000;
    const pass = (ms: number) => {
      now += ms;
    };
    const shared = new SharedKeyValues(
      createStoreMemory({ shards: 2, spares: 0, bytes: 64 * 1024 }),
      () => now,
    );
    const model = new MemoryKeyValues(() => now);
    for (const run of steps) {
      const found = outcomeOf(() => run(shared, pass));
      const expected = outcomeOf(() => run(model, () => {}));
      if (!Object.is(found, expected)) throw new Error(`found ${found}, expected ${expected}`);
    }
  });
  await holds(t, property, 2000);
});

t.test("a store that is always full returns only what was written last, or nothing", async (t) => {
  const texts = fc.integer({ min: 0, max: 3000 });
  const keys = fc.integer({ min: 0, max: 30 });
  const property = fc.property(
    fc.array(fc.tuple(keys, texts), { minLength: 50, maxLength: 300 }),
    (writes) => {
      const { store } = storeWithClock(small);
      const written = new Map<string, string>();
      for (const [index, [number, length]] of writes.entries()) {
        const key = `key ${number}`;
        const value = `${index} `.padEnd(length, ".");
        store.set("plugin", key, value, null);
        written.set(key, value);
        if (store.get("plugin", key) !== value) throw new Error("the newest is not there");
      }
      for (const [key, value] of written) {
        const found = store.get("plugin", key);
        if (found !== null && found !== value) throw new Error(`found ${found} instead of ${value}`);
      }
    },
  );
  await holds(t, property, 200);
});

t.test("a full namespace loses what was not written for longest", async (t) => {
  const { store } = storeWithClock(small);
  for (let index = 0; index < 120; index++) store.increment("plugin", `${index}`, 1, null);
  store.increment("plugin", "0", 1, null);
  store.get("plugin", "1");
  for (let index = 120; index < 130; index++) store.increment("plugin", `${index}`, 1, null);
  t.equal(store.get("plugin", "0"), "2");
  t.equal(store.get("plugin", "1"), null);
  t.equal(store.get("plugin", "129"), "1");
});

t.test("a namespace that floods the store takes nothing of those that keep within their share", async (t) => {
  const { store } = storeWithClock(small);
  for (let index = 0; index < 40; index++) store.set("modest", `${index}`, "kept", null);
  for (let index = 0; index < 5000; index++) store.set("greedy", `${index}`, "x".repeat(index % 5000), null);
  for (let index = 0; index < 40; index++) t.equal(store.get("modest", `${index}`), "kept");
});

t.test("a namespace that comes late gets its share of a store that another has filled", async (t) => {
  const { store } = storeWithClock(small);
  for (let index = 0; index < 1000; index++) store.set("greedy", `${index}`, "x", null);
  for (let index = 0; index < 60; index++) store.set("late", `${index}`, "kept", null);
  for (let index = 0; index < 60; index++) t.equal(store.get("late", `${index}`), "kept");
  t.equal(store.get("greedy", "999"), "x");
});

t.test("a value that is larger than its namespace's share takes nothing of another's", async (t) => {
  const { store } = storeWithClock(small);
  for (let index = 0; index < 50; index++) store.set("modest", `${index}`, "kept", null);
  store.set("greedy", "key", "x".repeat(12 * 1024), null);
  t.equal(store.get("greedy", "key"), null);
  for (let index = 0; index < 50; index++) t.equal(store.get("modest", `${index}`), "kept");
});

t.test("a value that is larger than the store is not kept, nor is what it was to replace", async (t) => {
  const { store } = storeWithClock(small);
  store.set("plugin", "key", "short", null);
  store.set("plugin", "key", "x".repeat(17 * 1024), null);
  t.equal(store.get("plugin", "key"), null);
  store.set("plugin", "key", "x".repeat(15 * 1024), null);
  t.equal(store.get("plugin", "key")?.length, 15 * 1024);
});

t.test("the longest value that a plugin may store fits", async (t) => {
  const { store } = storeWithClock();
  const longest = "\u2603".repeat(1024 * 1024);
  store.set("plugin", "\u2603".repeat(1024), longest, null);
  t.ok(store.get("plugin", "\u2603".repeat(1024)) === longest);
});

t.test("more namespaces than have room of their own are still apart", async (t) => {
  const { store } = storeWithClock();
  for (let index = 0; index < 400; index++) store.set(`plugin-${index}`, "key", `${index}`, null);
  for (let index = 0; index < 400; index++) {
    if (store.get(`plugin-${index}`, "key") !== `${index}`) t.fail(`plugin-${index} lost its value`);
  }
});

t.test("two stores on the same memory see each other's values", async (t) => {
  const memory = createStoreMemory();
  const one = new SharedKeyValues(memory);
  const two = new SharedKeyValues(memory);
  one.set("plugin", "key", "value", null);
  t.equal(two.get("plugin", "key"), "value");
  t.equal(two.increment("plugin", "count", 2, null), 2);
  t.equal(one.increment("plugin", "count", 3, null), 5);
  t.equal(one.delete("plugin", "key"), true);
  t.equal(two.get("plugin", "key"), null);
});
