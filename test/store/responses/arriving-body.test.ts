import fc from "fast-check";
import t from "tap";
import { ArrivingBody, ArrivingBytes } from "../../../core/store/responses/arriving-body.ts";

const nobody = () => {};

t.test("a reader gets what has arrived, and the rest as it arrives", async (t) => {
  const bytes = new ArrivingBytes(6, nobody);
  bytes.add(Buffer.from("ab"));
  const whole = new ArrivingBody(bytes).bytes();
  bytes.add(Buffer.from("cd"));
  const late = new ArrivingBody(bytes).bytes();
  bytes.add(Buffer.from("ef"));
  bytes.end(true);
  t.same([`${await whole}`, `${await late}`], ["abcdef", "abcdef"]);
});

t.test("a body that breaks off, or is shorter than it was said to be, is not read to its end", async (t) => {
  for (const isWhole of [true, false]) {
    const bytes = new ArrivingBytes(6, nobody);
    const body = new ArrivingBody(bytes).bytes();
    bytes.add(Buffer.from("ab"));
    bytes.end(isWhole);
    await t.rejects(body, { code: "response_truncated" });
  }
});

t.test("a part ends where it ends, whatever becomes of the rest", async (t) => {
  const bytes = new ArrivingBytes(6, nobody);
  const part = new ArrivingBody(bytes).slice(1, 3);
  t.equal(part.length, 2);
  const read = part.bytes();
  bytes.add(Buffer.from("abcd"));
  t.equal(`${await read}`, "bc");
  bytes.end(false);
  t.equal(`${await part.bytes()}`, "bc");
});

t.test("the first one that reads is told of, and whether anybody does", async (t) => {
  let followed = 0;
  const bytes = new ArrivingBytes(2, () => followed++);
  t.notOk(bytes.isFollowed);
  const [one, two] = [new ArrivingBody(bytes).open(), new ArrivingBody(bytes).open()];
  t.ok(bytes.isFollowed);
  t.equal(followed, 1);
  one.cancel();
  two.cancel();
  t.notOk(bytes.isFollowed);
});

t.test("however it arrives, every reader gets its part of it", async () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 20 });
  const reader = fc.record({ after: fc.nat(20), start: fc.nat(60), length: fc.nat(60) });
  await fc.assert(
    fc.asyncProperty(parts, fc.array(reader, { maxLength: 5 }), async (parts, readers) => {
      const whole = Buffer.concat(parts);
      const bytes = new ArrivingBytes(whole.length, nobody);
      const read: Promise<boolean>[] = [];
      for (let i = 0; i <= parts.length; i++) {
        for (const { after, start, length } of readers) {
          if (Math.min(after, parts.length) !== i) continue;
          const body = new ArrivingBody(bytes).slice(start, start + length);
          const expected = whole.subarray(start, start + length);
          read.push(body.bytes().then((found) => found.equals(expected) && body.length === expected.length));
        }
        if (i < parts.length) bytes.add(Buffer.from(parts[i]!));
        if (i % 3 === 0) await Promise.resolve();
      }
      bytes.end(true);
      return (await Promise.all(read)).every(Boolean);
    }),
  );
});
