/** isolated-vm copies all that is behind a view: a plugin that goes through a long buffer piece by piece would have it copied for each. */
import t from "tap";
import { startEngine } from "./fixture.ts";

const code = `
  let read = "";
  for (let at = 0; at < bytes.length; at += 256) read += call(10, "", bytes.subarray(at, at + 256)) + " ";
  return read;`;

t.test("a view of a long buffer crosses as what it shows, without what is behind it", async (t) => {
  const { handler } = startEngine(t);
  const guest = await handler(code, {
    host: (_op, _id, _text, bytes) => `${bytes!.length} of ${bytes!.buffer.byteLength}: ${bytes![0]}`,
  });
  const parts = Array.from({ length: 64 }, (_, i) => `256 of 256: ${i} `);
  t.equal(
    guest.dispatch(
      "x",
      Uint8Array.from({ length: 64 * 256 }, (_, i) => i >> 8),
    ),
    parts.join(""),
  );
});

t.test("a realm whose ground is changed has its views cross all the same", async (t) => {
  const { handler } = startEngine(t);
  const spoil = `
    for (const from of [ArrayBuffer, Uint8Array, Object.getPrototypeOf(Uint8Array)])
      for (const name of Reflect.ownKeys(from.prototype))
        try { Object.defineProperty(from.prototype, name, { get() { throw 1; } }); } catch {}
    globalThis.Uint8Array = undefined;`;
  const guest = await handler(`const view = bytes.subarray(1, 3); ${spoil} return call(10, "", view)`, {
    host: (_op, _id, _text, bytes) => `${[...bytes!]} of ${bytes!.buffer.byteLength}`,
  });
  t.equal(guest.dispatch("x", new Uint8Array([1, 2, 3, 4])), "2,3 of 2");
});
