/** Responses that machines share, with a real server between them. */
import t from "tap";
import { until } from "../../../net/until.ts";
import { missing } from "../../../support/missing.ts";
import { startRedis } from "../../../support/redis-server.ts";
import { startMachine } from "./machines.ts";

t.setTimeout(60_000);
const skip = missing("redis-server");

t.test("what one machine keeps another one finds, byte for byte", { skip }, async (t) => {
  const redis = await startRedis(t);
  const [one, other] = [await startMachine(t, redis.port), await startMachine(t, redis.port)];
  const binary = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 31) % 256));
  await one.put("a", "text", { tags: ["red"] });
  await one.put("b", binary);
  await one.put("empty", "");
  t.match(await other.find("a"), { text: "text", meta: "of a", tags: ["red"], url: "https://a.test/a" });
  t.equal((await other.find("b"))?.text, binary.toString());
  t.equal((await other.find("empty"))?.text, "");
  t.equal(await other.find("none"), null);
  t.match(other.shared.report(), { hits: 3, misses: 1, errors: 0 });
  await other.find("a");
  t.equal(other.shared.report().hits, 3, "from memory now");
});

t.test("what is in Redis tells neither URLs nor keys by its names, and has an end", { skip }, async (t) => {
  const redis = await startRedis(t);
  const one = await startMachine(t, redis.port, { keep: 50_000 });
  await one.put("short", "x", { usefulFor: 7000 });
  await one.put("long", "x", { usefulFor: 3_600_000 });
  await one.put("gone", "x", { usefulFor: 0 });
  const names = (await redis.list("KEYS", "*")).filter((name) => !name.includes("purges"));
  t.equal(names.length, 2);
  for (const name of names) t.match(name, /^sluice:cache:response:[\w-]{22}$/);
  const ends = await Promise.all(names.map(async (name) => Number((await redis.say("PTTL", name)).slice(1))));
  const [first, second] = ends.sort((a, b) => a - b);
  t.ok(first! > 5000 && first! <= 7000, `${first}`);
  t.ok(second! > 45_000 && second! <= 50_000, `${second}`);
});

t.test("a body that is too long stays in memory, and its predecessor goes", { skip }, async (t) => {
  const redis = await startRedis(t);
  const [one, other] = [
    await startMachine(t, redis.port, { maxBody: 1000 }),
    await startMachine(t, redis.port, { maxBody: 1000 }),
  ];
  await one.put("k", "x".repeat(1000));
  t.equal((await other.find("k"))?.text.length, 1000);
  await one.put("k", "y".repeat(1001));
  t.equal((await one.find("k"))?.text.length, 1001, "in memory");
  // What takes the predecessor away is not waited for.
  await until(async () => (await redis.list("KEYS", "sluice:cache:response:*")).length === 0);
  other.forget();
  t.equal(await other.find("k"), null);
  t.equal(one.shared.report().skipped, 1);
});

t.test("new words go to all, with the body that they are about", { skip }, async (t) => {
  const redis = await startRedis(t);
  const [one, other] = [await startMachine(t, redis.port), await startMachine(t, redis.port)];
  await one.put("k", "body");
  await other.find("k");
  const words = { key: "cache\nk", meta: "confirmed", url: null, tags: [] };
  t.ok(other.memory.update(words, { at: performance.now(), by: null }));
  await other.shared.settled();
  one.forget();
  t.match(await one.find("k"), { text: "body", meta: "confirmed" });

  one.forget();
  one.memory.resize(0);
  t.ok(await one.find("k"), "at hand, without a place in memory");
  t.ok(one.memory.update({ ...words, meta: "again" }, { at: performance.now(), by: null }));
  await one.shared.settled();
  other.forget();
  t.match(await other.find("k"), { text: "body", meta: "again" });
});

t.test("a purge on one machine is one on all: of a URL, a prefix, a tag, keys", { skip }, async (t) => {
  const redis = await startRedis(t);
  const [one, other] = [await startMachine(t, redis.port), await startMachine(t, redis.port)];
  const long = `long/${"x".repeat(2000)}`;
  const longTag = "t".repeat(1000);
  const ways: [string, () => Promise<boolean> | null | number, string[]][] = [
    ["a URL", () => one.memory.purge("", { url: "https://a.test/a1" }, false).done, ["a1"]],
    ["a long URL", () => one.memory.purge("", { url: `https://a.test/${long}` }, false).done, [long]],
    ["a prefix", () => one.memory.purge("", { prefix: "https://a.test/a" }, false).done, ["a1", "a2"]],
    [
      "a long prefix",
      () => one.memory.purge("", { prefix: `https://a.test/${long.slice(0, 1500)}` }, false).done,
      [long],
    ],
    ["a tag", () => one.memory.purge("", { tag: "red" }, false).done, ["a2", "b"]],
    ["a tag of a plugin", () => one.memory.purge("cache\n", { tag: "red" }, false).done, ["a2", "b"]],
    ["a tag of another plugin", () => one.memory.purge("else\n", { tag: "red" }, false).done, []],
    ["a long tag", () => one.memory.purge("cache\n", { tag: longTag }, false).done, ["c"]],
    ["keys", () => one.memory.deletePrefix("cache\na"), ["a1", "a2"]],
    ["one key", () => Number(one.memory.delete("cache\nc")), ["c"]],
  ];
  const all: [string, string[]][] = [
    ["a1", []],
    ["a2", ["red"]],
    ["b", ["red"]],
    ["c", [longTag]],
    [long, []],
  ];
  for (const [what, purge, gone] of ways) {
    for (const [key, tags] of all) {
      await one.put(key, "x", { tags });
    }
    for (const [key] of all) t.ok(await other.find(key), `${key} before ${what}`);
    const before = other.told.length;
    const done = await purge();
    if (typeof done === "boolean") t.ok(done, "Redis has taken it");
    // What is not in memory is not found from now on.
    for (const [key] of all) if (!gone.includes(key)) t.ok(await one.find(key), `${key} after ${what}`);
    for (const key of gone) t.equal(await one.find(key), null, `${key} after ${what}`);
    if (what !== "one key") await until(() => other.told.length > before);
    else other.forget();
    for (const [key] of all)
      if (what !== "a long tag")
        t.equal((await other.find(key)) === null, gone.includes(key), `${key}, there, after ${what}`);
    // It is too long to be told.
    if (what === "a long tag") t.equal(await other.find("c"), null);
    t.equal(one.told.length, 0, "its own purges do not come back to it");
    await one.memory.purge("", { prefix: "https" }, false).done;
    await until(() => other.told.at(-1)?.label === "https");
  }
});

t.test("a soft purge on one machine makes it stale on all, until it is confirmed", { skip }, async (t) => {
  const redis = await startRedis(t);
  const [one, other] = [await startMachine(t, redis.port), await startMachine(t, redis.port)];
  await one.put("k", "x", { tags: ["red"] });
  await other.find("k");
  t.ok(await one.memory.purge("", { tag: "red" }, true).done);
  await until(() => other.told.length > 0);
  const since = (await other.find("k"))?.staleSince;
  t.ok(Math.abs(since! - Date.now()) < 5000, `${since}`);
  other.forget();
  t.type((await other.find("k"))?.staleSince, "number", "from Redis");
  const words = { key: "cache\nk", meta: "new", url: null, tags: ["red"] };
  t.ok(other.memory.update(words, { at: performance.now(), by: null }));
  await other.shared.settled();
  one.forget();
  t.match(await one.find("k"), { staleSince: null, meta: "new" });
});

t.test(
  "a response that was asked for before a purge elsewhere, and kept after it, is not served",
  { skip },
  async (t) => {
    const redis = await startRedis(t);
    const [one, other] = [await startMachine(t, redis.port), await startMachine(t, redis.port)];
    await one.put("first", "x");
    const asked = { at: performance.now(), by: null };
    await other.memory.purge("", { tag: "red" }, false).done;
    await until(() => one.told.length === 1);
    for (const [key, tags] of [
      ["old", ["red"]],
      ["free", ["blue"]],
    ] as const) {
      const response = { key: `cache\n${key}`, meta: "", url: null, tags, staleSince: null };
      const { shared } = one;
      shared.keep(response, { parts: [Buffer.from("old")], length: 3 } as never, asked.at);
    }
    await one.shared.settled();
    t.equal(await other.find("old"), null);
    t.equal((await other.find("free"))?.text, "old");
  },
);

t.test(
  "what is not fresh any more is looked for among the others, and not again and again",
  { skip },
  async (t) => {
    const redis = await startRedis(t);
    const [one, other] = [await startMachine(t, redis.port), await startMachine(t, redis.port)];
    const soon = () => ({ freshUntil: Date.now() + 50 });
    await one.put("k", "old", soon());
    t.equal((await other.find("k"))?.text, "old");
    await until(() => other.memory.isOutdated(other.memory.get("cache\nk")!));
    for (let time = 0; time < 5; time++)
      t.equal((await other.find("k"))?.text, "old", "nobody has a better one");
    t.equal(other.shared.report().hits, 2, "it was asked once when it was new, and once when it was old");

    await one.put("k", "new", { freshUntil: Date.now() + 60_000 });
    await until(async () => (await other.find("k"))?.text === "new");
    const { hits } = other.shared.report();
    t.equal(hits, 3);
    await other.find("k");
    t.equal(other.shared.report().hits, hits, "it is fresh");

    await one.memory.purge("", { url: "https://a.test/k" }, true).done;
    await until(() => other.told.length === 1);
    t.type((await other.find("k"))?.staleSince, "number");
    const words = {
      key: "cache\nk",
      meta: "confirmed",
      url: null,
      tags: [],
      freshUntil: Date.now() + 60_000,
    };
    t.ok(one.memory.update(words, { at: performance.now(), by: null }));
    await until(async () => (await other.find("k"))?.meta === "confirmed");
    t.equal((await other.find("k"))?.staleSince, null);
  },
);

t.test("a response that is newer here than there stays", { skip }, async (t) => {
  const redis = await startRedis(t);
  const [one, other] = [await startMachine(t, redis.port), await startMachine(t, redis.port)];
  await one.put("k", "older", { freshUntil: Date.now() - 2000 });
  await other.find("k");
  // As after writes that did not come through.
  other.memory.second = null;
  await other.put("k", "newer", { freshUntil: Date.now() - 1000 });
  other.memory.second = other.shared;
  t.equal((await other.find("k"))?.text, "newer");
});
