import { once } from "node:events";
import { Worker } from "node:worker_threads";
import t, { type Test } from "tap";
import { guestThat, recurse, recursive } from "./recursive.ts";
import { faultOf } from "./tiny-runtime.ts";

/** Only the end of the host's stack ends these; the parser uses little of its own, and iterators ask nobody. */
const unseen = {
  "parentheses of a script": "(0, eval)('('.repeat(1e5));",
  "iterators of iterators": "[...nest((inner) => inner.map(String), [1].values())];",
};

function check(t: Test, names: Record<string, string>): void {
  t.same(Object.keys(names), Object.keys(recursive));
  for (const [what, name] of Object.entries(names)) {
    t.match(name, /^(RangeError,RangeError|SyntaxError,SyntaxError)$/, what);
  }
}

t.test("recursion without an end is an error of the guest", async (t) => check(t, await recurse()));

t.test("it is that on a reactor's thread", async (t) => {
  const worker = new Worker(new URL("recursive.ts", import.meta.url));
  const [names] = await once(worker, "message");
  await worker.terminate();
  check(t, names);
});

for (const [what, body] of Object.entries(unseen)) {
  t.test(`recursion that QuickJS does not see costs the guest, and nothing else: ${what}`, async (t) => {
    const guest = await guestThat(body);
    t.equal(await faultOf(() => guest.dispatch("")), "crash");
    t.notOk(guest.isAlive);
    t.equal((await guestThat("")).dispatch(""), "no end");
  });
}
