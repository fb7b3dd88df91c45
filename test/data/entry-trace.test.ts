import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { type Entry, EntryTrace, entryRecord, readTraces } from "../../core/data/entry-trace.ts";

const tenant = { plugin: "tenant", version: "kH0-_x9Z", isLoading: false, stallMs: 350 };
const auth = { plugin: "auth.v2", version: "", isLoading: true, stallMs: 1250 };

function readEntries(file: number, reactors: number): Entry[] {
  return readTraces(file, reactors).flatMap(({ entry }) => entry ?? []);
}

function openFile(t: Test): number {
  const descriptor = openSync(join(t.testdir(), "trace"), "w+");
  t.teardown(() => closeSync(descriptor));
  return descriptor;
}

t.test("in exact mode the file tells who is inside, of each reactor", async (t) => {
  const file = openFile(t);
  const [first, second] = [new EntryTrace(file, 0, 60_000), new EntryTrace(file, 1, 60_000)];
  t.same(readEntries(file, 2), []);
  const outer = first.enter(entryRecord(auth));
  const inner = first.enter(entryRecord(tenant));
  second.enter(entryRecord(tenant));
  t.same(readEntries(file, 2), [tenant, tenant]);
  first.leave(inner);
  t.same(readEntries(file, 2), [auth, tenant]);
  first.leave(outer);
  t.same(readEntries(file, 2), [tenant]);
});

t.test("else it tells who was entered last, until a beat passes without an entry", async (t) => {
  const file = openFile(t);
  const trace = new EntryTrace(file, 0, 0);
  const record = entryRecord(tenant);
  trace.leave(trace.enter(record));
  t.same(readEntries(file, 1), [tenant]);
  trace.beat();
  t.same(readEntries(file, 1), [tenant], "there was an entry since the last beat");
  trace.beat();
  t.same(readEntries(file, 1), []);
  trace.enter(record);
  t.same(readEntries(file, 1), [tenant]);
});

t.test("a longer patience is written at once, a shorter one after the next beat", async (t) => {
  const file = openFile(t);
  const trace = new EntryTrace(file, 0, 0);
  const [short, long] = [entryRecord(tenant), entryRecord({ ...tenant, stallMs: 600 })];
  const patience = () => readEntries(file, 1)[0]?.stallMs;
  trace.enter(short);
  trace.enter(long);
  t.equal(patience(), 600);
  trace.enter(short);
  t.equal(patience(), 600);
  trace.beat();
  trace.enter(short);
  t.equal(patience(), 350);
});

t.test("code that was replaced is told apart from what replaced it, however long its name", async (t) => {
  const file = openFile(t);
  const trace = new EntryTrace(file, 0, 0);
  const old = { plugin: "p".repeat(64), version: "old-code", isLoading: false, stallMs: 999_999_999 };
  const fresh = { ...old, version: "new_code" };
  trace.enter(entryRecord(old));
  t.same(readEntries(file, 1), [old]);
  trace.enter(entryRecord(fresh));
  t.same(readEntries(file, 1), [fresh]);
});

t.test("it tells how often the event loop has turned, and on which thread", async (t) => {
  const file = openFile(t);
  t.same(readTraces(file, 1), [{ beats: 0, thread: null, entry: null }], "before anything is written");
  const [first, second] = [new EntryTrace(file, 0, 0), new EntryTrace(file, 1, 0)];
  for (let n = 0; n < 12; n++) first.beat();
  second.enter(entryRecord(tenant));
  second.beat();
  const [one, other] = readTraces(file, 2);
  t.match(one, { beats: 12, entry: null });
  t.match(other, { beats: 1, entry: tenant });
  t.equal(one!.thread, other!.thread);
  const { thread } = one!;
  if (existsSync("/proc/self/task")) t.ok(existsSync(`/proc/self/task/${thread}`), `thread ${thread}`);
  else t.equal(thread, null);
});

t.test("a descriptor that cannot be written costs nobody a request", async (t) => {
  const trace = new EntryTrace(9999, 0, 60_000);
  t.doesNotThrow(() => trace.leave(trace.enter(entryRecord(tenant))));
});
