import t from "tap";
import { callerOf } from "../../core/testing/caller.ts";

const module = "file:///sluice/testing.js";

t.test("callerOf gives the first file above the module that was called", async (t) => {
  const stack = (...frames: string[]) => ["Error", ...frames.map((frame) => `    at ${frame}`)].join("\n");
  const inner = `testGateway (${module}:10:5)`;
  t.equal(callerOf(module, stack(inner, "file:///a/b.test.ts:3:9")), "file:///a/b.test.ts");
  t.equal(callerOf(module, stack(inner, "async file:///a/b.test.ts:3:9")), "file:///a/b.test.ts");
  t.equal(callerOf(module, stack(inner, "Test.<anonymous> (file:///a/b%20c.ts:3:9)")), "file:///a/b%20c.ts");
  t.equal(
    callerOf(module, stack(inner, "new Promise (<anonymous>)", "f (/a/b c.cjs:3:9)")),
    "file:///a/b%20c.cjs",
  );
  t.equal(callerOf(module, stack("g (file:///hook.js:1:1)", inner, "f (file:///a.ts:3:9)")), "file:///a.ts");
});

t.test("callerOf does not guess", async (t) => {
  t.equal(callerOf(module, "Error\n    at f (file:///a.ts:3:9)"), null);
  t.equal(callerOf(module, [{}]), null);
  t.equal(callerOf(module, undefined), null);
});
