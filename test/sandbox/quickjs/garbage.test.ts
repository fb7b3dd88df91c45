import t from "tap";
import { Collector } from "../../../core/sandbox/quickjs/collector.ts";
import { createQuickJsEngine } from "../../../core/sandbox/quickjs/engine.ts";
import { tinyOptions } from "./tiny-runtime.ts";

const engine = createQuickJsEngine();

/** A handler that leaves what `make` returns in a cycle of garbage. */
const inCycle = (make: string) =>
  `() => (text) => { const a = {}; const b = { a, held: ${make} }; a.b = b; return String(b.held.length); }`;

t.test("texts in cycles are collected before they fill the memory", async (t) => {
  const guest = await engine.create(tinyOptions(inCycle("text + 'x'"), { cpuMs: 1000 }));
  const text = "y".repeat(100_000);
  for (let n = 0; n < 3000; n++) guest.dispatch(text);
  t.ok(guest.isAlive);
});

t.test("so are bytes that only the guest knows of", async (t) => {
  const guest = await engine.create(tinyOptions(inCycle("new Uint8Array(1e6)"), { cpuMs: 1000 }));
  for (let n = 0; n < 300; n++) guest.dispatch("");
  t.ok(guest.isAlive);
});

t.test("what is in use is not taken for garbage", async (t) => {
  const guest = await engine.create(
    tinyOptions(
      "() => { const kept = []; return (text) => { kept.push(text + kept.length); return kept.length + kept[0]; }; }",
      { cpuMs: 1000 },
    ),
  );
  const text = "z".repeat(100_000);
  for (let n = 1; n <= 250; n++) if (guest.dispatch(text) !== `${n}${text}0`) t.fail(`at ${n}`);
  t.ok(guest.memoryUsed() > 25_000_000);
});

t.test("collecting in vain takes a tenth of the time, at most", async (t) => {
  let now = 0;
  let collected = 0;
  const collect = () => {
    collected++;
    now += 5;
  };
  const collector = new Collector(
    () => false,
    collect,
    () => now,
  );
  for (let n = 0; n < 1000; n++) {
    now += 1;
    collector.note(1_000_000);
  }
  t.ok(collected > 10 && collected * 5 <= now / 10 + 5, `${collected} times in ${now} ms`);
});

t.test("the memory is looked at after some messages or many bytes, and not before", async (t) => {
  let looks = 0;
  const look = () => {
    looks++;
    return true;
  };
  const collector = new Collector(
    look,
    () => t.fail("nothing to collect"),
    () => 0,
  );
  for (let n = 0; n < 3; n++) collector.note(10);
  t.equal(looks, 0);
  collector.note(10);
  t.equal(looks, 1);
  collector.note(300_000);
  t.equal(looks, 2);
});
