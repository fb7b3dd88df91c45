/** What a guest that was taken over may send in the place of the runtime. */
import fc from "fast-check";
import t from "tap";
import type { GuestFacts, SharedServices } from "../../core/policy/guest/services.ts";
import { counterOperations } from "../../core/policy/operations/counter.ts";
import { HostCallError } from "../../core/sandbox/host/error.ts";
import { Operation } from "../../core/sandbox/host/services.ts";
import { memoryStores } from "../../core/store/stores.ts";
import { HostOp } from "../../sdk/runtime/host-op.ts";
import { holds } from "../wire/property.ts";

const operations = [
  HostOp.counterNow,
  HostOp.counterGet,
  HostOp.counterSet,
  HostOp.counterDelete,
  HostOp.counterAdd,
  HostOp.counterCompareAndSet,
  HostOp.counterTake,
];

function start(kv: boolean) {
  const stores = memoryStores();
  const facts = { plugin: "p", grants: { kv, fetch: [], env: [] } } as unknown as GuestFacts;
  const { handlers } = counterOperations(stores as SharedServices, facts);
  const call = (op: number, text: string) => handlers[op]!(text, undefined, new Operation(0));
  return { call, ...stores };
}

const numberText = fc.constantFrom(
  "",
  "0",
  "-0",
  "1",
  "NaN",
  "Infinity",
  "-1e999",
  "1e308",
  "5e-324",
  "0x10",
  "x",
  "1n",
);
const anyCall = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc
    .tuple(fc.array(numberText, { maxLength: 5 }), fc.string())
    .map(([numbers, key]) => [...numbers, key].join(" ")),
);

t.test("whatever is sent is answered with text, or refused in words for the guest", async (t) => {
  const { call, counters } = start(true);
  const property = fc.property(fc.constantFrom(...operations), anyCall, (op, text) => {
    try {
      return typeof call(op, text) === "string";
    } catch (error) {
      return error instanceof HostCallError;
    }
  });
  await holds(t, property, 5000);
  t.equal(counters.get("other", ""), null);
});

t.test("a number that is kept is finite, whatever was sent", async (t) => {
  const { call, counters } = start(true);
  const writing = [HostOp.counterSet, HostOp.counterAdd, HostOp.counterCompareAndSet, HostOp.counterTake];
  const numbers = fc.array(numberText, { minLength: 2, maxLength: 3 });
  const property = fc.property(fc.constantFrom(...writing), numbers, (op, numbers) => {
    try {
      call(op, `${numbers.join(" ")} k`);
    } catch {}
    const kept = counters.get("p", "k");
    return kept === null || Number.isFinite(kept);
  });
  await holds(t, property, 5000);
});

t.test("without the grant nothing is answered and nothing is kept", async (t) => {
  const { call, counters } = start(false);
  for (const op of operations) {
    t.throws(() => call(op, "1 1 1 k"), { name: "NotAllowedError" });
  }
  t.equal(counters.get("p", "k"), null);
});
