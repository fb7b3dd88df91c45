import { execFileSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import * as promises from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { DiskStore } from "../../../core/store/disk/disk-store.ts";
import { FileBody } from "../../../core/store/disk/file-body.ts";
import { TinyLfu } from "../../../core/store/eviction/tiny-lfu.ts";
import { StoredBody } from "../../../core/store/responses/stored-body.ts";
import { startDisk, systemError, textOf, withFaults } from "./disks.ts";

/** Why no file system can be mounted here; false: one can. */
function mountFault(): string | false {
  const folder = mkdtempSync(join(tmpdir(), "sluice-mount-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", folder], { stdio: "ignore" });
    execFileSync("umount", [folder]);
    return false;
  } catch {
    return "no file system can be mounted here";
  } finally {
    rmdirSync(folder);
  }
}

const long = Buffer.alloc(700_001, "0123456789");

t.test("what was kept comes back, short and long", async (t) => {
  const { store, put, get } = await startDisk(t);
  for (const length of [0, 1, 65_535, 65_536, 65_537, 262_144, 262_145, 700_001]) {
    const body = long.subarray(0, length);
    t.ok(await put(`k${length}`, body, "red"));
    t.equal(await get(`k${length}`), body.toString(), `${length} bytes`);
  }
  const found = await store.load("k1");
  t.match(found, { key: "k1", meta: "of k1", url: "https://a.test/k1", tags: ["red"], staleSince: null });
  t.equal(await get("none"), null);
  t.match(store.report(), { entries: 8, hits: 9, misses: 0, errors: 0, skipped: 0 });
});

t.test("any part of a long body is that part of its bytes", async (t) => {
  const { store, put } = await startDisk(t);
  await put("k", long);
  const { body } = (await store.load("k"))!;
  t.ok(body instanceof FileBody);
  const parts = [
    [0, 10],
    [65_530, 65_540],
    [65_536, 131_072],
    [1, 700_001],
    [700_000, 700_001],
    [5, 5],
  ] as const;
  for (const [start, end] of [...parts, [700_000, 800_000], [9, 3]] as const) {
    const slice = body.slice(start, end);
    t.ok((await textOf(slice)).equals(long.subarray(start, Math.max(start, end))), `${start} to ${end}`);
    t.equal(slice.length, Math.max(0, Math.min(end, 700_001) - start));
  }
  const tail = body.slice(100, 200).slice(50, 300);
  t.ok((await textOf(tail)).equals(long.subarray(150, 200)), "of a part, too");
});

t.test("a restart finds what was there, with its marks", async (t) => {
  const first = await startDisk(t);
  await first.put("a", "one", "red");
  await first.put("b", long, "red");
  await first.put("c", "three", "blue");
  await first.store.purge("", { tag: "blue" }, 1234).done;
  await first.store.close();
  const second = await startDisk(t, { path: first.path });
  t.same([await second.get("a"), await second.get("b")], ["one", long.toString()]);
  t.match(await second.store.load("c"), { staleSince: 1234, tags: ["blue"] });
  t.same(second.store.purge("", { tag: "red" }, null).keys.length, 2);
});

t.test("a restart does not find what was deleted, replaced or purged", async (t) => {
  const first = await startDisk(t);
  for (const key of ["deleted", "purged", "p/1", "replaced"]) await first.put(key, "old", key);
  first.store.delete("deleted");
  first.store.deletePrefix("p/");
  await first.store.purge("", { tag: "purged" }, null).done;
  await first.put("replaced", "new");
  await first.store.close();
  const second = await startDisk(t, { path: first.path });
  const found = await Promise.all(["deleted", "purged", "p/1", "replaced"].map(second.get));
  t.same(found, [null, null, null, "new"]);
  t.equal((await second.files()).length, 1);
});

t.test("other words take the place of those that are there, as long as there is room", async (t) => {
  const { path, store, put } = await startDisk(t);
  await put("k", "body", "red");
  await store.purge("", { tag: "red" }, 5).done;
  t.ok(store.update({ key: "k", meta: "new words", url: null, tags: ["blue"] }));
  t.match(await store.load("k"), { meta: "new words", url: null, tags: ["blue"], staleSince: null });
  t.notOk(store.update({ key: "none", meta: "", url: null, tags: [] }));
  await store.close();
  const again = await startDisk(t, { path });
  const found = (await again.store.load("k"))!;
  t.match(found, { meta: "new words", tags: ["blue"], staleSince: null });
  t.equal((await textOf(found.body)).toString(), "body");
  t.notOk(again.store.update({ key: "k", meta: "x".repeat(5000), url: null, tags: [] }));
  t.notOk(again.store.has("k"), "what does not fit is not kept half");
});

t.test("neither bytes nor files pass their bounds, whatever comes", async (t) => {
  const { path, store, put } = await startDisk(t, { size: 400_000, files: 20 });
  for (let i = 0; i < 100; i++) {
    store.has(`k${i}`);
    await put(`k${i}`, long.subarray(0, (i * 7919) % 60_000));
    const files = readdirSync(path);
    const bytes = files.reduce((sum, file) => sum + statSync(join(path, file)).size, 0);
    if (files.length > 20 || bytes > 400_000) t.fail(`${files.length} files, ${bytes} bytes`);
  }
  const { entries, bytes } = store.report();
  t.ok(entries > 4 && entries <= 20 && bytes <= 400_000, `${entries} files, ${bytes} bytes`);
  store.resize(100_000, 5);
  await store.settled();
  t.ok((await promises.readdir(path)).length <= 5);
  t.equal((await promises.readdir(path)).length, store.report().entries);
});

t.test("changed or shortened files are misses and go, wherever the change is", async (t) => {
  const { path, store, put, get, files } = await startDisk(t);
  const body = long.subarray(0, 3000);
  await put("k", body);
  const length = readFileSync(join(path, (await files())[0]!)).length;
  const places = Array.from({ length: 60 }, (_, step) => Math.floor((step * (length - 1)) / 59));
  let found = 0;
  for (const place of places.filter((place) => place < 8 || place >= 16)) {
    if (!store.has("k")) await put("k", body);
    const file = join(path, (await files())[0]!);
    const bytes = readFileSync(file);
    bytes[place]! ^= 0x41;
    writeFileSync(file, bytes);
    const got = await get("k");
    // What is left of the head's room is nobody's.
    if (got !== null && got !== body.toString()) t.fail(`a change at ${place} was served`);
    if (got !== null) found++;
  }
  t.ok(found < 15, `${found} of the changes were in nobody's bytes`);
  await put("k", body);
  truncateSync(join(path, (await files()).at(-1)!), length - 1);
  t.equal(await get("k"), null);
  await store.settled();
  t.notOk(store.has("k"));
  t.ok(store.report().errors > 0);
});

t.test("a change in the middle of a long body ends the answer, and the file goes", async (t) => {
  const { path, store, put, files } = await startDisk(t);
  await put("k", long);
  const file = join(path, (await files())[0]!);
  const bytes = readFileSync(file);
  bytes[bytes.length - 300_000]! ^= 1;
  writeFileSync(file, bytes);
  const { body } = (await store.load("k"))!;
  t.equal((await textOf(body.slice(0, 100))).length, 100, "blocks before it are whole");
  await t.rejects(textOf(body), /not what was written/);
  t.notOk(store.has("k"));
});

t.test("collision: a file with another key than the one that is asked for is a miss", async (t) => {
  const { path, put, get, files } = await startDisk(t);
  await put("one", "of one");
  const first = (await files())[0]!;
  await put("two", "of two");
  const second = (await files()).find((file) => file !== first)!;
  writeFileSync(join(path, second), readFileSync(join(path, first)));
  t.equal(await get("two"), null);
  t.equal(await get("one"), "of one");
});

t.test("files that somebody took away are misses, and the folder is made again", async (t) => {
  const { path, store, put, get, files } = await startDisk(t);
  await put("k", "body");
  rmSync(join(path, (await files())[0]!));
  t.equal(await get("k"), null);
  t.notOk(store.has("k"));
  rmSync(path, { recursive: true });
  await put("k", "body");
  await put("k", "again");
  t.equal(await get("k"), "again");
});

t.test("crash: what a process left half written is not found, and goes", async (t) => {
  const first = await startDisk(t);
  await first.put("k", long.subarray(0, 5000));
  await first.store.close();
  const [file] = await first.files();
  const whole = readFileSync(join(first.path, file!));
  const name = (number: number) => number.toString(16).padStart(32, "0");
  for (let cut = 0; cut < 50; cut++) {
    writeFileSync(join(first.path, name(cut)), whole.subarray(0, Math.floor((whole.length * cut) / 50)));
  }
  writeFileSync(join(first.path, `${name(99)}.new`), whole.subarray(0, 100));
  writeFileSync(join(first.path, "somebody's"), "notes");
  const second = await startDisk(t, { path: first.path });
  t.equal(await second.get("k"), long.subarray(0, 5000).toString());
  t.same(await second.files(), [file, "somebody's"].sort());
});

t.test("what is written while the start looks at the folder is not taken for half written", async (t) => {
  const path = join(t.testdir(), "cache");
  const [written, looked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const system = withFaults({
    opendir: (async (...parameters: Parameters<typeof promises.opendir>) => {
      await written.promise;
      return promises.opendir(...parameters);
    }) as typeof promises.opendir,
    async rename(...parameters) {
      written.resolve();
      await looked.promise;
      await promises.rename(...parameters);
    },
  });
  const states: unknown[] = [];
  const store = new DiskStore({
    ...{ path, system, size: 1e6, files: 100, eviction: (capacity) => new TinyLfu({ capacity, seed: 1 }) },
    ...{ isPurged: () => false, onState: (error) => states.push(error) },
  });
  t.teardown(() => store.close());
  const words = { key: "k", meta: "", url: "https://a.test/", tags: [] };
  while (!store.keep(words, new StoredBody([Buffer.from("body")])))
    await new Promise((resolve) => setImmediate(resolve));
  await store.scanned;
  looked.resolve();
  await store.settled();
  t.same(states, []);
  t.equal((await promises.readdir(path)).filter((name) => !name.endsWith(".new")).length, 1);
});

t.test("of two files with one key the younger one counts", async (t) => {
  const first = await startDisk(t);
  await first.put("k", "old");
  const [file] = await first.files();
  const old = readFileSync(join(first.path, file!));
  await new Promise((resolve) => setTimeout(resolve, 3));
  await first.put("k", "new");
  await first.store.close();
  for (const name of ["0", "f"]) {
    writeFileSync(join(first.path, name.repeat(32)), old);
    const again = await startDisk(t, { path: first.path });
    t.equal(await again.get("k"), "new");
    t.equal((await again.files()).length, 1);
    await again.store.close();
  }
});

t.test("what is deleted or purged before the start has found it does not come back", async (t) => {
  const first = await startDisk(t);
  for (const key of ["deleted", "p/1", "red", "kept"]) await first.put(key, "old", key);
  await first.store.close();
  const opening = Promise.withResolvers<void>();
  const system = withFaults({
    opendir: (async (...parameters: Parameters<typeof promises.opendir>) => {
      await opening.promise;
      return promises.opendir(...parameters);
    }) as typeof promises.opendir,
  });
  const second = startDisk(t, {
    path: first.path,
    system,
    isPurged: ({ tags }) => tags.includes("red"),
    onState: () => {},
  });
  opening.resolve();
  const { store, get } = await second;
  store.delete("kept");
  t.same([await get("deleted"), await get("red"), await get("kept")], ["old", null, null]);
  await store.close();
});

t.test("a full disk is a miss, told once, and used again when there is room", async (t) => {
  let isFull = false;
  const system = withFaults({
    open: (async (...parameters: Parameters<typeof promises.open>) => {
      const handle = await promises.open(...parameters);
      if (isFull && String(parameters[0]).endsWith(".new")) {
        handle.write = async () => {
          throw systemError("ENOSPC");
        };
      }
      return handle;
    }) as typeof promises.open,
  });
  const { states, put, get, files } = await startDisk(t, { system });
  await put("a", "one");
  isFull = true;
  for (const key of ["b", "c"]) {
    await put(key, "more");
    t.equal(await get(key), null);
  }
  t.equal(await get("a"), "one", "what is there stays in use");
  t.match(states, [{ code: "ENOSPC" }]);
  t.equal((await files()).length, 1, "nothing half written is left");
  isFull = false;
  await put("b", "two");
  t.equal(await get("b"), "two");
  t.match(states, [{ code: "ENOSPC" }, null]);
});

t.test("a disk that is really full is a miss", { skip: mountFault() }, async (t) => {
  const path = mkdtempSync(join(tmpdir(), "sluice-full-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", path]);
  t.teardown(() => {
    execFileSync("umount", ["-l", path]);
    rmdirSync(path);
  });
  const { states, store, put, get } = await startDisk(t, { path: join(path, "cache") });
  for (let i = 0; i < 10; i++) await put(`k${i}`, long.subarray(0, 60_000));
  t.match(states, [{ code: "ENOSPC" }]);
  const found = await Promise.all(Array.from({ length: 10 }, (_, i) => get(`k${i}`)));
  const whole = found.filter((body) => body !== null);
  t.equal(whole.length, 4);
  t.ok(whole.every((body) => body === long.toString("latin1", 0, 60_000)));
  store.delete("k0");
  await store.settled();
  await put("again", long.subarray(0, 60_000));
  t.equal((await get("again"))?.length, 60_000);
  t.equal(states.at(-1), null);
});

t.test("a disk that cannot be read is a miss, told once", async (t) => {
  let isBroken = false;
  const system = withFaults({
    open: (async (...parameters: Parameters<typeof promises.open>) => {
      if (isBroken) throw systemError("EIO");
      return promises.open(...parameters);
    }) as typeof promises.open,
  });
  const { states, put, get, store } = await startDisk(t, { system });
  await put("a", "one");
  isBroken = true;
  t.same([await get("a"), await get("a")], [null, null]);
  t.match(states, [{ code: "EIO" }]);
  isBroken = false;
  t.equal(await get("a"), "one");
  t.equal(store.report().errors, 2);
});

/** A disk on which nothing gets its name until the gate is open. */
function heldBack() {
  const gate = Promise.withResolvers<void>();
  const system = withFaults({
    rename: async (...parameters) => {
      await gate.promise;
      return promises.rename(...parameters);
    },
  });
  return { gate, system };
}

t.test("a slow disk does not fill the memory: what it cannot take in time is skipped", async (t) => {
  const { gate, system } = heldBack();
  const { store } = await startDisk(t, { system, size: 1e9, files: 1e6 });
  const body = new StoredBody([Buffer.alloc(1024 * 1024)]);
  const kept = Array.from({ length: 40 }, (_, i) =>
    store.keep({ key: `k${i}`, meta: "", url: null, tags: [] }, body),
  );
  t.equal(kept.filter(Boolean).length, 15);
  t.equal(store.report().skipped, 25);
  gate.resolve();
  await store.settled();
  t.ok(store.keep({ key: "k", meta: "", url: null, tags: [] }, body));
  await store.settled();
});

t.test("nor do words, of responses without a body or in the place of others", async (t) => {
  const { gate, system } = heldBack();
  const { store } = await startDisk(t, { system, size: 1e9, files: 1e6 });
  const words = (key: string) => ({ key, meta: "m".repeat(2 ** 20), url: null, tags: [] });
  const body = new StoredBody([]);
  const kept = Array.from({ length: 40 }, (_, i) => store.keep(words(`k${i}`), body));
  t.equal(kept.filter(Boolean).length, 7);
  gate.resolve();
  await store.settled();
  t.ok(store.keep(words("k"), body));
  await store.settled();
  const updated = Array.from({ length: 40 }, () => store.update(words("k")));
  t.equal(updated.filter(Boolean).length, 15);
  await store.settled();
});

t.test("what is being written is there already, as what is said of it meanwhile", async (t) => {
  const gate = Promise.withResolvers<void>();
  let isBroken = false;
  const system = withFaults({
    rename: async (...parameters) => {
      await gate.promise;
      if (isBroken) throw systemError("EIO");
      return promises.rename(...parameters);
    },
  });
  const { store, get } = await startDisk(t, { system });
  const keep = (key: string) =>
    store.keep({ key, meta: "first", url: null, tags: [key] }, new StoredBody([Buffer.from(`of ${key}`)]));
  for (const key of ["kept", "marked", "purged"]) t.ok(keep(key));
  t.equal(await get("kept"), "of kept");
  t.ok(store.update({ key: "kept", meta: "second", url: null, tags: [] }));
  void store.purge("", { tag: "marked" }, 5);
  void store.purge("", { tag: "purged" }, null);
  const check = async () => {
    t.match(await store.load("kept"), { meta: "second", staleSince: null });
    t.match(await store.load("marked"), { meta: "first", staleSince: 5 });
    t.equal(await get("purged"), null);
  };
  await check();
  gate.resolve();
  await store.settled();
  await check();
  isBroken = true;
  t.ok(keep("lost"));
  t.equal(await get("lost"), "of lost");
  await store.settled();
  t.equal(await get("lost"), null, "it could not be written");
});

t.test("the folder and its files are this user's alone", async (t) => {
  const { path, put, files } = await startDisk(t);
  await put("k", "secret");
  t.equal(lstatSync(path).mode & 0o777, 0o700);
  t.equal(lstatSync(join(path, (await files())[0]!)).mode & 0o777, 0o600);
  const open = join(t.testdir(), "open");
  mkdirSync(open);
  chmodSync(open, 0o777);
  await startDisk(t, { path: open });
  t.equal(lstatSync(open).mode & 0o777, 0o700);
});

t.test("symlink attack: neither the folder nor a file in it leads elsewhere", async (t) => {
  const root = t.testdir({ elsewhere: { precious: "data" } });
  symlinkSync(join(root, "elsewhere"), join(root, "link"));
  const { store, states } = await startDisk(t, { path: join(root, "link") });
  t.match(states, [{ message: /link is not a folder/ }]);
  t.notOk(store.keep({ key: "k", meta: "", url: null, tags: [] }, new StoredBody([])));
  t.same(readdirSync(join(root, "elsewhere")), ["precious"]);

  const own = join(root, "own");
  mkdirSync(own, { mode: 0o700 });
  symlinkSync(join(root, "elsewhere", "precious"), join(own, "a".repeat(32)));
  symlinkSync(join(root, "elsewhere", "precious"), join(own, `${"b".repeat(32)}.new`));
  const disk = await startDisk(t, { path: own });
  await disk.put("k", "body");
  t.equal(await disk.get("k"), "body");
  t.equal(disk.store.report().entries, 1);
  t.equal(readFileSync(join(root, "elsewhere", "precious"), "utf8"), "data");
});

t.test("path traversal: nothing of a key is in a path", async (t) => {
  const { path, put, get, files } = await startDisk(t);
  const keys = ["../../etc/passwd", "/etc/passwd", "a\0b", "CON", ".", "x".repeat(30_000), "\u{1f600}\n\n"];
  for (const key of keys) await put(key, key);
  for (const key of keys) t.equal(await get(key), key);
  t.ok((await files()).every((file) => /^[0-9a-f]{32}$/.test(file)));
  t.same(readdirSync(join(path, "..")), ["cache"]);
});

t.test("a purge while a response is being written or read wins", async (t) => {
  const { store, put, files } = await startDisk(t);
  store.keep({ key: "w", meta: "", url: null, tags: ["red"] }, new StoredBody([Buffer.from("x")]));
  t.same(store.purge("", { tag: "red" }, null).keys, ["w"]);
  await store.settled();
  t.notOk(store.has("w"));
  t.same(await files(), []);
  await put("r", "body", "red");
  const loading = store.load("r");
  const { done } = store.purge("", { tag: "red" }, null);
  t.equal(await loading, null);
  await done;
  t.same(await files(), [], "the files are gone when it is done");
});

t.test("an answer that has begun goes on to its end although its file was purged", async (t) => {
  const { store, put } = await startDisk(t);
  await put("k", long, "red");
  const { body } = (await store.load("k"))!;
  await store.purge("", { tag: "red" }, null).done;
  t.ok((await textOf(body)).equals(long));
});
