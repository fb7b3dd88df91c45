import fc from "fast-check";
import t from "tap";
import { TinyLfu } from "../../../core/store/eviction/tiny-lfu.ts";
import { ResponseStore } from "../../../core/store/responses/response-store.ts";
import { StoredBody } from "../../../core/store/responses/stored-body.ts";

const store = (capacity = 1_000_000) => new ResponseStore(new TinyLfu({ capacity, seed: 1 }));
const body = (text: string) => new StoredBody([Buffer.from(text)]);
const entry = (key: string, ...tags: string[]) => {
  return { key, meta: "", url: `https://a.test/${key}`, tags, body: body(key), staleSince: null };
};

t.test("a slice of a stored body is what a slice of its bytes is", async (t) => {
  const parts = fc.array(fc.string({ maxLength: 8 }), { maxLength: 5 });
  fc.assert(
    fc.property(parts, fc.nat(45), fc.nat(45), (texts, start, end) => {
      const stored = new StoredBody(texts.map((text) => Buffer.from(text)));
      const whole = Buffer.from(texts.join(""));
      const slice = stored.slice(start, end);
      const expected = whole.subarray(start, Math.max(start, end));
      return Buffer.concat(slice.parts).equals(expected) && slice.length === expected.length;
    }),
  );
  t.pass();
});

t.test("it never holds more than its bytes, whatever comes", async (t) => {
  const responses = store(100_000);
  let bytes = 0;
  for (let i = 0; i < 5000; i++) responses.set({ ...entry(`k${i}`), body: body("x".repeat((i * 37) % 900)) });
  for (let i = 0; i < 5000; i++) bytes += responses.get(`k${i}`)?.body.length ?? 0;
  t.ok(bytes > 10_000 && bytes <= 100_000, `${bytes} bytes`);
  t.ok(responses.report().evictions > 0);
});

t.test("tags take room, however short they are", async (t) => {
  const responses = store(1_000_000);
  for (let i = 0; i < 100; i++) responses.set(entry(`k${i}`, ...new Array<string>(1000).fill("")));
  t.ok(responses.size <= 10, `${responses.size} entries`);
});

t.test("a body takes more room in tiny parts than in one", async (t) => {
  const responses = store(1_000_000);
  const parts = Array.from({ length: 10_000 }, () => Buffer.from("x"));
  t.notOk(responses.set({ ...entry("parts"), body: new StoredBody(parts) }));
  t.ok(responses.set({ ...entry("whole"), body: new StoredBody([Buffer.concat(parts)]) }));
});

t.test("what is larger than the store is not kept, and takes nothing's place", async (t) => {
  const responses = store(10_000);
  t.ok(responses.set(entry("small")));
  t.notOk(responses.set({ ...entry("large"), body: body("x".repeat(20_000)) }));
  t.equal(responses.get("large"), null);
  t.ok(responses.get("small"));
});

t.test("a response in the place of another has its own tags only", async (t) => {
  const responses = store();
  responses.set(entry("k", "old", "both"));
  responses.set(entry("k", "new", "both"));
  t.equal(responses.purge("", { tag: "old" }, false).count, 0);
  t.equal(responses.size, 1);
  t.equal(responses.purge("", { tag: "both" }, false).count, 1);
  t.equal(responses.size, 0);
  t.equal(responses.purge("", { tag: "new" }, false).count, 0);
});

t.test("a purge takes what it means, of one plugin or of all", async (t) => {
  const responses = store();
  const keys = ["a\nx", "a\nxy", "b\nx"];
  const fill = () => {
    for (const key of keys) responses.set({ ...entry(key, "red"), url: `https://a.test/${key.slice(2)}` });
  };
  const left = () => keys.map((key) => (responses.get(key) === null ? 0 : 1)).join("");
  fill();
  t.same([responses.purge("", { url: "https://a.test/x" }, false).count, left()], [2, "010"]);
  fill();
  t.same([responses.purge("a\n", { url: "https://a.test/x" }, false).count, left()], [1, "011"]);
  fill();
  t.same([responses.purge("", { prefix: "https://a.test/x" }, false).count, left()], [3, "000"]);
  fill();
  t.same([responses.purge("b\n", { tag: "red" }, false).count, left()], [1, "110"]);
});

t.test("a soft purge marks what is there, once, and what takes its place is not marked", async (t) => {
  const responses = store();
  responses.set(entry("k", "red"));
  t.equal(responses.purge("", { tag: "red" }, true).count, 1);
  const { staleSince } = responses.get("k")!;
  t.ok(Math.abs(Date.now() - staleSince!) < 5000);
  t.equal(responses.purge("", { tag: "red" }, true).count, 1);
  t.equal(responses.get("k")?.staleSince, staleSince);
  t.ok(responses.set(entry("k", "red")));
  t.equal(responses.get("k")?.staleSince, null);
});

t.test("a response that was asked for before a purge is not kept after it", async (t) => {
  const responses = store();
  const asked = { at: performance.now(), by: {} };
  responses.set(entry("old", "red"), asked);
  responses.purge("", { tag: "red" }, true).count;
  t.notOk(responses.set(entry("k", "red"), asked));
  t.equal(responses.get("k"), null);
  const { body: _, ...words } = entry("old", "red");
  t.notOk(responses.update(words, asked), "what confirms it was asked for before, too");
  t.type(responses.get("old")?.staleSince, "number");
  t.ok(responses.update(words, { at: performance.now() + 1, by: {} }));
  t.equal(responses.get("old")?.staleSince, null);
});

t.test(
  "what was there before the store is purged by what was purged since, and by nothing else",
  async (t) => {
    const responses = store();
    t.notOk(responses.wasPurged(entry("k", "red")));
    responses.purge("", { tag: "red" }, false);
    t.ok(responses.wasPurged(entry("k", "red")));
    t.notOk(responses.wasPurged(entry("k", "blue")));
  },
);

t.test("who purges a URL may keep its own answer for it", async (t) => {
  const responses = store();
  const [own, other] = [{}, {}].map((by) => ({ at: performance.now(), by }));
  responses.purge("", { url: "https://a.test/k" }, false, own);
  t.notOk(responses.set(entry("k"), other));
  t.ok(responses.set(entry("k"), own));
});

t.test("it can be made smaller and larger while it is in use, and tells of itself", async (t) => {
  const responses = store(100_000);
  for (let i = 0; i < 100; i++) responses.set({ ...entry(`k${i}`), body: body("x".repeat(200)) });
  t.match(responses.report(), { entries: 100, hits: 0, misses: 0, evictions: 0 });
  responses.resize(10_000);
  const { bytes, entries, evictions } = responses.report();
  t.ok(bytes <= 10_000 && entries > 5 && entries + evictions === 100, `${bytes} bytes, ${entries} entries`);
  responses.resize(100_000);
  for (let i = 0; i < 100; i++) responses.set({ ...entry(`n${i}`), body: body("x".repeat(200)) });
  t.equal(responses.report().entries, entries + 100);
  responses.get("n1");
  responses.get("none");
  t.match(responses.report(), { hits: 1, misses: 1 });
});
