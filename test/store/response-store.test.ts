import fc from "fast-check";
import t from "tap";
import { TinyLfu } from "../../core/store/eviction/tiny-lfu.ts";
import { ResponseStore, StoredBody } from "../../core/store/response-store.ts";

const store = (capacity = 1_000_000) => new ResponseStore(new TinyLfu({ capacity, seed: 1 }));
const body = (text: string) => new StoredBody([Buffer.from(text)]);
const entry = (key: string, ...tags: string[]) => ({ key, meta: "", tags, body: body(key) });

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
  t.ok(responses.evictions > 0);
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
  t.equal(responses.deleteTag("old"), 0);
  t.equal(responses.size, 1);
  t.equal(responses.deleteTag("both"), 1);
  t.equal(responses.size, 0);
  t.equal(responses.deleteTag("new"), 0);
});
