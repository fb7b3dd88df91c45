import t from "tap";
import { BoundedRecording } from "../../core/policy/body/bounded-recording.ts";
import type { Policy } from "../../core/policy/policy.ts";
import { RecordingRoom } from "../../core/store/responses/recording-room.ts";

const MiB = 1024 * 1024;
const chunk = Buffer.alloc(MiB);

function record(room: RecordingRoom, most = 1000 * MiB) {
  const ends: (number | null)[] = [];
  const done = (parts: readonly Buffer[] | null) =>
    ends.push(parts === null ? null : parts.reduce((sum, part) => sum + part.length, 0));
  return { recording: new BoundedRecording({} as Policy, most, done, room), ends };
}

t.test("slow readers: bodies that are being recorded never hold more than their room", async (t) => {
  const room = new RecordingRoom();
  const all = Array.from({ length: 1000 }, () => record(room));
  for (let parts = 0; parts < 8; parts++) for (const { recording } of all) recording.add(chunk);
  const under = all.filter(({ ends }) => ends.length === 0).length;
  t.equal(room.refused, 1000 - under);
  t.ok(under > 0 && under * 8 <= 64, `${under} recordings of 8 MiB go on`);
  for (const { recording } of all) recording.end();
  t.equal(all.filter(({ ends }) => ends[0] === 8 * MiB).length, under, "and are whole");
  t.ok(all.every(({ ends }) => ends.length === 1));
  const next = record(room);
  for (let parts = 0; parts < 64; parts++) next.recording.add(chunk);
  const other = record(room);
  other.recording.add(chunk);
  t.same([next.ends, other.ends], [[], [null]], "all of it was given back, and no more");
});

t.test("one that is alone may be as long as it may be", async (t) => {
  const { recording, ends } = record(new RecordingRoom());
  for (let parts = 0; parts < 100; parts++) recording.add(chunk);
  recording.end();
  t.same(ends, [100 * MiB]);
});

t.test("what is too long for itself gives its room back", async (t) => {
  const room = new RecordingRoom();
  const { recording, ends } = record(room, 2 * MiB);
  for (let parts = 0; parts < 5; parts++) recording.add(chunk);
  t.same(ends, [null]);
  const [next, other] = [record(room), record(room)];
  other.recording.add(chunk);
  for (let parts = 0; parts < 63; parts++) next.recording.add(chunk);
  next.recording.end();
  t.same(next.ends, [63 * MiB]);
});

t.test("more memory for responses is more for those on their way", async (t) => {
  const room = new RecordingRoom();
  room.resize(1024 * MiB);
  const [one, other] = [record(room), record(room)];
  for (let parts = 0; parts < 128; parts++) for (const { recording } of [one, other]) recording.add(chunk);
  t.same([one.ends, other.ends], [[], []]);
  one.recording.add(chunk);
  t.same(one.ends, [null]);
});

t.test("who reads along has room for all of it from the beginning, or does not read along", async (t) => {
  const room = new RecordingRoom();
  const shared = record(room);
  t.ok(shared.recording.share(60 * MiB, () => {}));
  const late = record(room);
  t.equal(
    late.recording.share(8 * MiB, () => {}),
    null,
  );
  for (let parts = 0; parts < 6; parts++) late.recording.add(chunk);
  t.same(late.ends, [null], "nor is it recorded when there is no room left");
  for (let parts = 0; parts < 60; parts++) shared.recording.add(chunk);
  shared.recording.end();
  t.same(shared.ends, [60 * MiB]);
  t.equal(room.refused, 1);
  t.ok(record(room).recording.share(64 * MiB, () => {}));
});
