import t from "tap";
import type { GuestFault, HostCall } from "../../../core/sandbox/engine.ts";
import { createInlineEngine } from "../../../core/sandbox/inline/engine.ts";
import { faultOf, tinyOptions } from "../quickjs/tiny-runtime.ts";

const engine = createInlineEngine();

function listener() {
  const heard: string[] = [];
  const host: HostCall = (_op, _id, text) => {
    heard.push(text);
    return `=${heard.length}`;
  };
  return { heard, host };
}

t.test("texts come and go as they are", async (t) => {
  const guest = await engine.create(tinyOptions("() => (text) => text"));
  for (const text of ["", "a\0b", "\ud800", "\u{1d11e}", "\u00e9".repeat(1000)])
    t.ok(guest.dispatch(text) === text);
});

t.test("the runtime is told that the realm is shared, and the realm stays as it is", async (t) => {
  const before = Reflect.ownKeys(globalThis).length;
  const guest = await engine.create(tinyOptions("({ realm }) => () => realm"));
  t.equal(guest.dispatch(""), "shared");
  t.equal(Reflect.ownKeys(globalThis).length, before);
});

t.test("a plugin gets bytes of its own, and no Buffer", async (t) => {
  const heard: Uint8Array[] = [];
  const answer = Buffer.from("answer");
  const host: HostCall = (_op, _id, _text, bytes) => {
    heard.push(bytes!);
    return answer;
  };
  const guest = await engine.create(
    tinyOptions(
      `({ host }) => (text, bytes) => {
        const back = host("", bytes);
        const names = bytes.constructor.name + " " + back.constructor.name;
        bytes.fill(0);
        back.fill(0);
        return names;
      }`,
      { host },
    ),
  );
  const bytes = Buffer.from("abc");
  t.equal(guest.dispatch("", bytes), "Uint8Array Uint8Array");
  t.equal(bytes.toString(), "abc");
  t.equal(answer.toString(), "answer");
  t.equal(Buffer.from(heard[0]!).toString(), "abc");
});

t.test("host calls work from microtasks, after dispatch has returned", async (t) => {
  const { heard, host } = listener();
  const guest = await engine.create(
    tinyOptions("({ later }) => (text) => { Promise.resolve().then(() => later(text)); return 'now'; }", {
      host,
    }),
  );
  t.equal(guest.dispatch("a"), "now");
  t.same(heard, []);
  await Promise.resolve();
  t.same(heard, ["a"]);
});

t.test("what is left of a guest that was disposed of reaches the host no more", async (t) => {
  const { heard, host } = listener();
  const guest = await engine.create(
    tinyOptions("({ later }) => (text) => { Promise.resolve().then(() => later(text)); return 'now'; }", {
      host,
    }),
  );
  guest.dispatch("a");
  guest.dispose();
  await Promise.resolve();
  t.same(heard, []);
  t.notOk(guest.isAlive);
  t.equal(await faultOf(() => guest.dispatch("")), "crash");
});

t.test("a host that throws is an answer to the guest, without a word of what it threw", async (t) => {
  const host = () => {
    throw new Error("secret of the host");
  };
  const guest = await engine.create(tinyOptions("({ host }) => () => host('x')", { host }));
  t.equal(guest.dispatch(""), "!Error:The host could not answer");
});

t.test("stack traces name the scripts and their places", async (t) => {
  const guest = await engine.create(
    tinyOptions("() => () => {\n  try { null.x; } catch (error) { return error.stack; }\n}"),
  );
  t.match(guest.dispatch(""), /plugin\.js:2:\d+/);
});

t.test("a top level that throws, or a script that is none, is a fault of loading", async (t) => {
  const codes = {
    "() => { throw new TypeError('no config'); }": /^threw TypeError: no config$/,
    "() => { const = 1; }": /^SyntaxError/,
  };
  for (const [code, message] of Object.entries(codes)) {
    const fault = await engine.create(tinyOptions(code)).then(
      () => undefined,
      (error: GuestFault) => error,
    );
    t.equal(fault?.kind, "load");
    t.match(fault?.message, message);
  }
});

t.test("guests share the realm and nothing of the runtime", async (t) => {
  const code =
    "() => { let mark = 'none'; return (text) => { const before = mark; mark = text; return before; }; }";
  const [a, b] = [await engine.create(tinyOptions(code)), await engine.create(tinyOptions(code))];
  t.equal(a.dispatch("a"), "none");
  t.equal(b.dispatch("b"), "none");
  t.equal(a.dispatch(""), "a");
});
