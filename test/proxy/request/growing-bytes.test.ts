import fc from "fast-check";
import t from "tap";
import { GrowingBytes } from "../../../core/proxy/request/growing-bytes.ts";

t.test("GrowingBytes holds what was added, in order, whatever becomes of the parts", async (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 5000 })), (parts) => {
      const bytes = new GrowingBytes();
      const expected = Buffer.concat(parts);
      for (const part of parts) {
        const own = Buffer.from(part);
        bytes.add(own);
        own.fill(0);
      }
      return bytes.length === expected.length && bytes.take().equals(expected) && bytes.take().length === 0;
    }),
  );
  t.pass();
});

t.test("GrowingBytes takes no more than twice what it holds, byte by byte", async (t) => {
  const bytes = new GrowingBytes();
  const one = Buffer.from("x");
  for (let n = 0; n < 50_000; n++) bytes.add(one);
  const all = bytes.take();
  t.equal(all.length, 50_000);
  t.ok(all.buffer.byteLength <= 100_000, `${all.buffer.byteLength}`);
});
