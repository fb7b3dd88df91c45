import { runInNewContext } from "node:vm";
import t from "tap";
import { collectGarbage } from "../../core/control/release-memory.ts";

t.test("collectGarbage collects what nobody holds", async (t) => {
  let object: object | null = { large: new Array(1000).fill("x") };
  const held = {};
  const [left, kept] = [new WeakRef(object), new WeakRef(held)];
  object = null;
  // A WeakRef keeps its target until the end of the turn that made it.
  await new Promise((resolve) => setTimeout(resolve));
  collectGarbage();
  t.equal(left.deref(), undefined);
  t.equal(kept.deref(), held);
});

t.test("collectGarbage leaves no way to collect garbage to later contexts", async (t) => {
  collectGarbage();
  t.equal(runInNewContext("typeof gc"), "undefined");
  t.notOk("gc" in globalThis);
});
