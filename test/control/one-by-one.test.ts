import t from "tap";
import { OneByOne } from "../../core/control/one-by-one.ts";

t.test("an action begins when the one before has ended, and not earlier", async (t) => {
  const turns = new OneByOne();
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  const first = turns.run(async () => {
    seen.push("first begins");
    await gate.promise;
    seen.push("first ends");
    return 1;
  });
  const second = turns.run(async () => {
    seen.push("second begins");
    return 2;
  });
  // Whatever could begin by now has begun.
  await new Promise((resolve) => setImmediate(resolve));
  t.same(seen, ["first begins"]);
  gate.resolve();
  t.same(await Promise.all([first, second]), [1, 2]);
  t.same(seen, ["first begins", "first ends", "second begins"]);
});

t.test("one that fails tells its own caller, and those behind it run all the same", async (t) => {
  const turns = new OneByOne();
  const failing = turns.run(() => Promise.reject(new Error("the disk is full")));
  const next = turns.run(async () => "done");
  await t.rejects(failing, { message: "the disk is full" });
  t.equal(await next, "done");
});
