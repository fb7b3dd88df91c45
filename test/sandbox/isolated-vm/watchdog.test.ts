import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import { startProgram } from "../../support/program.ts";
import { faultOf, program, startEngine } from "./fixture.ts";

/** Text of a function `spin(ms)` for a guest. */
const spin = "const spin = (ms) => { const end = Date.now() + ms; while (Date.now() < end); };";

t.test("a guest that stays within its budget is left alone, however often it is entered", async (t) => {
  const { handler } = startEngine(t);
  const guest = await handler(`${spin} spin(20); return text`, { limits: { cpuMs: 150 } });
  for (let n = 0; n < 40; n++) t.equal(guest.dispatch(`${n}`), `${n}`);
});

t.test("the budget is of one message: a batch may take many times as long", async (t) => {
  const { handler } = startEngine(t);
  const guest = await handler(`${spin} spin(Number(text)); return text`, { limits: { cpuMs: 100 } });
  t.equal(guest.dispatch(Array(30).fill("20").join("\n")), "20");
  const start = performance.now();
  t.match(
    faultOf(() => guest.dispatch("20\n20\n5000\n20")),
    { kind: "cpu" },
  );
  t.ok(performance.now() - start < 1000);
});

t.test("a guest is ended although its host was idle for long before", async (t) => {
  const { handler } = startEngine(t);
  const guest = await handler("if (text) while (true); return ''", { limits: { cpuMs: 30 } });
  guest.dispatch("");
  await delay(400);
  const start = performance.now();
  t.match(
    faultOf(() => guest.dispatch("loop")),
    { kind: "cpu" },
  );
  t.ok(performance.now() - start < 600);
});

t.test("only the guest that loops is ended", async (t) => {
  const { handler } = startEngine(t);
  const body = "if (text === 'loop') while (true); return text";
  const guests = await Promise.all(
    Array.from({ length: 20 }, () => handler(body, { limits: { cpuMs: 30 } })),
  );
  for (const n of [3, 0, 19]) {
    t.match(
      faultOf(() => guests[n]!.dispatch("loop")),
      { kind: "cpu" },
    );
    guests[n] = await handler(body, { limits: { cpuMs: 30 } });
  }
  for (const guest of guests) t.equal(guest.dispatch("x"), "x");
});

t.test("no moment is unwatched while guests come and go", async (t) => {
  const { handler } = startEngine(t);
  for (let n = 0; n < 15; n++) {
    const others = await Promise.all([handler("return ''"), handler("return ''")]);
    const guest = await handler("while (true);", { limits: { cpuMs: 20 } });
    others[n % 2]!.dispose();
    const fault = faultOf(() => guest.dispatch(""));
    others[(n + 1) % 2]!.dispose();
    t.equal(fault?.kind, "cpu");
  }
});

t.test("a guest that loops inside another's host call is the one that is ended", async (t) => {
  const { handler } = startEngine(t);
  const looping = await handler("while (true);", { limits: { cpuMs: 30 } });
  const faults: unknown[] = [];
  const outer = await handler("return call(1, '')", {
    limits: { cpuMs: 2000 },
    host: () => {
      faults.push(faultOf(() => looping.dispatch("")));
      return "=done";
    },
  });
  t.equal(outer.dispatch(""), "=done");
  t.match(faults, [{ kind: "cpu" }]);
});

for (const [name, rest, code] of [
  ["by itself once its guests are gone", "guest.dispose()", 0],
  ["by itself once the engine is closed", "engine.close()", 0],
  ["when told to, with guests alive", "process.exit(7)", 7],
  [
    "when told to, right after a guest was ended",
    "try { guest.dispatch('loop') } catch {} process.exit(7)",
    7,
  ],
  ["when told to, right after its engine was closed", "engine.close(); process.exit(7)", 7],
  ["on an error, with guests alive", "throw new Error('x')", 1],
] as const) {
  t.test(`a process with an engine ends ${name}`, async (t) => {
    for (let n = 0; n < 3; n++) {
      await using child = startProgram(process.execPath, program(rest));
      const start = performance.now();
      t.equal(await child.ended, code, child.output);
      t.ok(performance.now() - start < 5000);
    }
  });
}

t.test("a process with an engine whose guests live goes on", async (t) => {
  await using child = startProgram(process.execPath, program("console.log('ready')"));
  await child.said(/ready/);
  const first = await Promise.race([child.ended, delay(300, "goes on")]);
  t.equal(first, "goes on");
});

t.test("time in which the process was stopped is not held against a guest", async (t) => {
  const rest = `
    let rounds = 1e6;
    for (let took = 0; took < 100; rounds *= 2) { const start = performance.now(); guest.dispatch(String(rounds)); took = performance.now() - start; }
    console.log("ready");
    for (let n = 0; n < 10; n++) guest.dispatch(String(rounds / 2));
    console.log("alive");
    engine.close();`;
  await using child = startProgram(process.execPath, program(rest));
  await child.said(/ready/);
  for (let n = 0; n < 3; n++) {
    await delay(70);
    child.kill("SIGSTOP");
    await delay(600);
    child.kill("SIGCONT");
  }
  t.equal(await child.ended, 0, child.output);
  t.match(child.output, /alive/);
});
