import t from "tap";
import type { GuestFault, HostCall } from "../../../core/sandbox/engine.ts";
import { createQuickJsEngine } from "../../../core/sandbox/quickjs/engine.ts";
import { faultOf, tinyOptions } from "./tiny-runtime.ts";

const engine = createQuickJsEngine();

/** A host that keeps what it hears. */
function listener() {
  const heard: string[] = [];
  const host: HostCall = (_op, _id, text) => {
    heard.push(text);
    return `=${heard.length}`;
  };
  return { heard, host };
}

async function loadFault(options: Parameters<typeof engine.create>[0]): Promise<GuestFault> {
  try {
    await engine.create(options);
  } catch (error) {
    return error as GuestFault;
  }
  throw new Error("It loaded");
}

t.test("all microtasks have run when dispatch returns, and host calls work from them", async (t) => {
  const { heard, host } = listener();
  const guest = await engine.create(
    tinyOptions(
      `({ later }) => (text) => {
        (async () => { for (let n = 0; n < 2500; n++) await n; later("async " + text); })();
        Promise.reject(new Error("nobody listens"));
        return "now";
      }`,
      { host },
    ),
  );
  t.equal(guest.dispatch("a"), "now");
  t.same(heard, ["async a"]);
  t.equal(guest.dispatch("b"), "now");
  t.same(heard, ["async a", "async b"]);
});

t.test("microtasks of the top level run before create resolves", async (t) => {
  const { heard, host } = listener();
  await engine.create(
    tinyOptions("({ later }) => { Promise.resolve().then(() => later('top')); return () => ''; }", { host }),
  );
  t.same(heard, ["top"]);
});

t.test("a top level that throws is a fault of loading, with what the runtime says", async (t) => {
  const { kind, message } = await loadFault(tinyOptions("() => { throw new TypeError('no config'); }"));
  t.equal(kind, "load");
  t.equal(message, "threw TypeError: no config");
});

t.test("a script that is none is a fault of loading, with its place", async (t) => {
  const { kind, message } = await loadFault(tinyOptions("() => {\n  const = 1;\n}"));
  t.equal(kind, "load");
  t.match(message, /^SyntaxError: .*\n.*plugin\.js:2/);
});

t.test("stack traces name the scripts and their places", async (t) => {
  const guest = await engine.create(
    tinyOptions("() => () => {\n  try { null.x; } catch (error) { return error.stack; }\n}"),
  );
  t.match(guest.dispatch(""), /plugin\.js:2:\d+\)?\n.*runtime\.js:\d+:\d+/);
});

t.test("a host that throws is an answer to the guest, without a word of what it threw", async (t) => {
  const host = () => {
    throw new Error("secret of the host");
  };
  const guest = await engine.create(tinyOptions("({ host }) => () => String(host('x'))", { host }));
  t.equal(guest.dispatch(""), "!Error:The host could not answer");
  t.ok(guest.isAlive);
});

t.test("guests share nothing", async (t) => {
  const code =
    "() => (text) => { const before = String(globalThis.mark); globalThis.mark = text; return before; }";
  const [a, b] = [await engine.create(tinyOptions(code)), await engine.create(tinyOptions(code))];
  t.equal(a.dispatch("a"), "undefined");
  t.equal(b.dispatch("b"), "undefined");
  t.equal(a.dispatch(""), "a");
});

t.test("a guest is not entered while it is inside of a host call", async (t) => {
  let again: () => unknown = () => undefined;
  const guest = await engine.create(
    tinyOptions("({ host }) => (text) => text || host('again')", {
      host: () => {
        try {
          return String(again());
        } catch (error) {
          return (error as Error).message;
        }
      },
    }),
  );
  again = () => guest.dispatch("inner");
  t.equal(guest.dispatch(""), "Guest tiny is entered already");
});

t.test("a guest that was disposed of says so", async (t) => {
  const guest = await engine.create(tinyOptions("() => () => 'x'"));
  t.ok(guest.memoryUsed() > 50_000);
  guest.dispose();
  guest.dispose();
  t.notOk(guest.isAlive);
  t.equal(guest.memoryUsed(), 0);
  t.equal(await faultOf(() => guest.dispatch("")), "crash");
});

t.test("memoryUsed follows what the guest holds", async (t) => {
  const guest = await engine.create(
    tinyOptions("() => { let held; return (text) => { held = new Uint8Array(Number(text)); return ''; }; }"),
  );
  const before = guest.memoryUsed();
  guest.dispatch("5000000");
  t.ok(Math.abs(guest.memoryUsed() - before - 5_000_000) < 300_000);
});

t.test("hundreds of guests live side by side, and come and go", async (t) => {
  const guests = [];
  for (let n = 0; n < 200; n++) guests.push(await engine.create(tinyOptions(`() => () => "${n}"`)));
  t.same(
    guests.map((guest) => guest.dispatch("")),
    guests.map((_, n) => String(n)),
  );
  for (let n = 0; n < 200; n++) {
    guests[n]!.dispose();
    guests[n] = await engine.create(tinyOptions(`() => () => "new ${n}"`));
  }
  t.equal(guests[199]!.dispatch(""), "new 199");
});

t.test("a guest that lost its memory leaves the next ones theirs", async (t) => {
  const bomb = "() => () => { const a = []; for (;;) a.push(new Uint8Array(1e6).fill(1)); }";
  for (let n = 0; n < 30; n++) {
    const guest = await engine.create(tinyOptions(bomb, { cpuMs: 2000 }));
    t.equal(await faultOf(() => guest.dispatch("")), "memory");
  }
});
