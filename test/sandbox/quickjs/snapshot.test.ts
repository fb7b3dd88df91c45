import t from "tap";
import type { GuestFault, GuestOptions } from "../../../core/sandbox/engine.ts";
import { createQuickJsEngine } from "../../../core/sandbox/quickjs/engine.ts";
import { tinyOptions, tinyRuntime } from "./tiny-runtime.ts";

const engine = createQuickJsEngine();

function withRuntime(code: string, plugin: string): GuestOptions {
  return { ...tinyOptions(plugin), runtime: { name: "runtime.js", code } };
}

async function faultOf(options: GuestOptions): Promise<GuestFault | undefined> {
  return engine.create(options).then(
    () => undefined,
    (error: GuestFault) => error,
  );
}

t.test("the runtime starts once, and every guest goes on from there alone", async (t) => {
  const code =
    "let started = 0; const make = () => { started++; let n = 0; return { load: () => '', dispatch: () => started + ' ' + ++n }; }; make";
  const own = createQuickJsEngine();
  const guests = [await own.create(withRuntime(code, "0")), await own.create(withRuntime(code, "0"))];
  t.same([guests[0]!.dispatch(""), guests[0]!.dispatch(""), guests[1]!.dispatch("")], ["1 1", "1 2", "1 1"]);
});

t.test("guests of one runtime draw numbers of their own, spread over the unit interval", async (t) => {
  const draw = "() => () => Array.from({ length: 1000 }, Math.random).join()";
  const guests = [await engine.create(tinyOptions(draw)), await engine.create(tinyOptions(draw))];
  const drawn = guests.flatMap((guest) => guest.dispatch("").split(",").map(Number));
  t.equal(new Set(drawn).size, 2000);
  t.ok(drawn.every((number) => number >= 0 && number < 1));
  const tenths = Array.from(
    { length: 10 },
    (_, tenth) => drawn.filter((n) => Math.floor(n * 10) === tenth).length,
  );
  t.ok(
    tenths.every((count) => count > 120 && count < 290),
    tenths.join(),
  );
});

t.test("another runtime is another snapshot", async (t) => {
  const other = (reply: string) => withRuntime(`() => ({ load: () => "", dispatch: () => "${reply}" })`, "0");
  t.equal((await engine.create(other("a"))).dispatch(""), "a");
  t.equal((await engine.create(other("b"))).dispatch(""), "b");
});

t.test("a runtime that fails is told, and does not stay", async (t) => {
  const failing = await faultOf(withRuntime("() => { throw new Error('no start'); }", "0"));
  t.equal(failing?.kind, "crash");
  t.match(failing?.message, /^Cannot start the runtime: Error: no start/);
  const endless = await faultOf(
    withRuntime("() => { const a = []; for (;;) a.push(new Uint8Array(1e6)); }", "0"),
  );
  t.equal(endless?.kind, "crash");
  t.equal(await faultOf(tinyOptions("() => () => ''")), undefined);
});

t.test("a runtime must not ask its host for anything before there is a plugin", async (t) => {
  const asking = tinyRuntime.code.replace("let handle;", "let handle; host(1, 0, '', undefined);");
  const fault = await faultOf(withRuntime(asking, "() => () => ''"));
  t.match(fault?.message, /it called its host before there was a plugin/);
});
