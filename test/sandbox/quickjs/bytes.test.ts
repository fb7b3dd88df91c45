import t from "tap";
import { createQuickJsEngine } from "../../../core/sandbox/quickjs/engine.ts";
import { tinyOptions } from "./tiny-runtime.ts";

const engine = createQuickJsEngine();
const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);

t.test("bytes are a Uint8Array of the guest", async (t) => {
  const look = "() => (_, bytes) => [bytes.constructor === Uint8Array, bytes.length, bytes.join()].join(' ')";
  const guest = await engine.create(tinyOptions(look));
  t.equal(guest.dispatch("", all), `true 256 ${all.join()}`);
  t.equal(guest.dispatch("", new Uint8Array(0)), "true 0 ");
  t.equal(guest.dispatch("", Buffer.from("xyz").subarray(1)), "true 2 121,122");
});

t.test("bytes pass a host call both ways, and nobody shares their memory", async (t) => {
  const heard: Uint8Array[] = [];
  const host = (_op: number, _id: number, _text: string, bytes: Uint8Array | undefined) => {
    heard.push(bytes!);
    return bytes;
  };
  const guest = await engine.create(
    tinyOptions(
      `({ host }) => (_, bytes) => {
        const back = host("", bytes);
        bytes.fill(0);
        const part = host("", new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 3));
        const none = host("", new Uint8Array(0));
        return [back.constructor === Uint8Array, back.join(), part.join(), none.length].join(" ");
      }`,
      { host },
    ),
  );
  t.equal(guest.dispatch("", all), `true ${all.join()} 2,3 0`);
  t.same(heard, [all, Uint8Array.of(2, 3), new Uint8Array(0)]);
});

t.test("a megabyte passes, and again and again", async (t) => {
  const guest = await engine.create(
    tinyOptions("({ host }) => (_, bytes) => String(host('', bytes).length)", {
      host: (_op, _id, _text, bytes) => bytes,
    }),
  );
  const bytes = new Uint8Array(1_048_576).fill(7);
  for (let n = 0; n < 100; n++) if (guest.dispatch("", bytes) !== "1048576") t.fail(`at ${n}`);
  t.ok(guest.isAlive);
});

t.test("a host call without bytes gives the host none", async (t) => {
  const heard: unknown[] = [];
  const host = (op: number, id: number, text: string, bytes: Uint8Array | undefined) => {
    heard.push(op, id, text, bytes);
    return undefined;
  };
  const guest = await engine.create(tinyOptions("({ host }) => () => String(host('a'))", { host }));
  t.equal(guest.dispatch(""), "undefined");
  t.same(heard, [7, 3, "a", undefined]);
});
