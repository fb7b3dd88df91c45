/** Memory and what lies behind it, as one store. */
import t, { type Test } from "tap";
import { TinyLfu } from "../../../core/store/eviction/tiny-lfu.ts";
import { ResponseStore } from "../../../core/store/responses/response-store.ts";
import { type KeptBody, StoredBody } from "../../../core/store/responses/stored-body.ts";
import { startDisk, textOf } from "../disk/disks.ts";

async function start(t: Test, capacity = 100_000) {
  const memory = new ResponseStore(new TinyLfu({ capacity, seed: 1 }));
  const disk = await startDisk(t);
  memory.second = disk.store;
  const set = async (key: string, body: string, ...tags: string[]) => {
    const kept = memory.set({
      key,
      meta: `of ${key}`,
      url: null,
      tags,
      body: bodyOf(body),
      staleSince: null,
    });
    await disk.store.settled();
    return kept;
  };
  const find = async (key: string) => {
    if (memory.get(key) === null && memory.isElsewhere(key)) await memory.load(key);
    const found = memory.get(key);
    return found && { ...found, text: (await textOf(found.body as KeptBody)).toString() };
  };
  return { memory, disk, set, find };
}

const bodyOf = (text: string) => new StoredBody([Buffer.from(text)]);
const now = () => ({ at: performance.now(), by: null });

t.test("what memory has no room for comes from behind it, however large", async (t) => {
  const { memory, set, find } = await start(t, 10_000);
  const texts = ["a", "b".repeat(20_000), "c".repeat(500_000)];
  for (const text of texts) t.ok(await set(`k${text.length}`, text));
  memory.resize(1);
  for (const text of texts) t.equal((await find(`k${text.length}`))?.text, text);
  t.equal(await find("none"), null);
});

t.test("a hit in memory asks nobody else", async (t) => {
  const { memory, disk, set, find } = await start(t);
  await set("k", "body");
  const before = disk.store.report();
  t.equal((await find("k"))?.text, "body");
  t.same(disk.store.report(), before);
  t.match(memory.report(), { hits: 2, misses: 0 });
});

t.test("what is loaded once is in memory again", async (t) => {
  const { memory, set, find, disk } = await start(t);
  await set("k", "body");
  memory.resize(1);
  memory.resize(100_000);
  t.equal(memory.size, 0);
  t.equal((await find("k"))?.text, "body");
  t.equal(memory.size, 1);
  await find("k");
  t.equal(disk.store.report().hits, 1);
});

t.test("many who want the same have it loaded once", async (t) => {
  const { memory, set, disk } = await start(t);
  await set("k", "body");
  memory.resize(1);
  await Promise.all(Array.from({ length: 50 }, () => memory.load("k")));
  t.equal(disk.store.report().hits, 1);
  t.ok(memory.get("k"), "and it is at hand although memory has no room");
});

t.test("a purge counts a response once, wherever it is, and takes it from everywhere", async (t) => {
  const { memory, set, find } = await start(t, 10_000);
  await set("both", "x", "red");
  await set("disk", "x".repeat(20_000), "red");
  await find("disk");
  const { count, done } = memory.purge("", { tag: "red" }, false);
  await done;
  t.equal(count, 2);
  t.same([await find("both"), await find("disk")], [null, null]);
});

t.test("a soft purge marks what is in memory, on disk and at hand, and other words end it", async (t) => {
  const { memory, set, find } = await start(t, 10_000);
  await set("both", "x", "red");
  await set("disk", "x".repeat(20_000), "red");
  await find("disk");
  await memory.purge("", { tag: "red" }, true).done;
  for (const key of ["both", "disk"]) {
    t.type((await find(key))?.staleSince, "number", key);
    t.ok(memory.update({ key, meta: "new", url: null, tags: ["red"] }, now()));
    t.match(await find(key), { staleSince: null, meta: "new" });
  }
});

t.test("a response that is loaded while it is purged, deleted or replaced is not brought", async (t) => {
  const { memory, set, find } = await start(t);
  const ends: [string, () => unknown][] = [
    ["purged", () => memory.purge("", { tag: "red" }, false)],
    ["deleted", () => memory.delete("k")],
    ["deleted by its prefix", () => memory.deletePrefix("k")],
  ];
  for (const [what, end] of ends) {
    await set("k", "old", "red");
    memory.resize(1);
    const loading = memory.load("k");
    end();
    await loading;
    t.equal(await find("k"), null, what);
    memory.resize(100_000);
  }
  await set("k", "old", "red");
  memory.resize(1);
  memory.resize(100_000);
  const loading = memory.load("k");
  const setting = set("k", "new");
  await loading;
  await setting;
  t.equal((await find("k"))?.text, "new", "replaced");
});

t.test("words that have no room in the file make a new one", async (t) => {
  const { memory, disk, set, find } = await start(t);
  await set("k", "body");
  t.ok(memory.update({ key: "k", meta: "m".repeat(5000), url: null, tags: [] }, now()));
  await disk.store.settled();
  memory.resize(1);
  t.match(await find("k"), { text: "body", meta: "m".repeat(5000) });
});
