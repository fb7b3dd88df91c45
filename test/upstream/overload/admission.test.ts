import fc from "fast-check";
import t from "tap";
import { ClusterTable, createClusterMemory } from "../../../core/upstream/cluster-memory.ts";
import { Admission, type Refusal } from "../../../core/upstream/overload/admission.ts";
import type { Place } from "../../../core/upstream/overload/place.ts";
import type { Priority } from "../../../core/upstream/overload/priority.ts";

const adaptive = { least: 6, most: 6, tolerance: 1.5 };

function start(limits: Partial<ConstructorParameters<typeof Admission>[0]>) {
  const table = new ClusterTable(createClusterMemory());
  const counts = table.acquire("app");
  const refused: [Refusal, Priority][] = [];
  const config = { name: "app", maxRequests: null, maxRetries: null, concurrency: null, ...limits };
  const admission = new Admission(
    config,
    counts,
    (refusal, priority) => void refused.push([refusal, priority]),
  );
  return { table, counts, admission, refused };
}

t.test("a request that one limit refuses takes nothing up in the other", async (t) => {
  const { admission, counts, refused } = start({ maxRequests: 9, concurrency: adaptive });
  for (let i = 0; i < 6; i++) admission.enter(0, true);
  t.throws(() => admission.enter(0, true), { code: "overloaded", status: 503, source: "upstream" });
  t.equal(counts.inFlight, 6);
  for (let i = 0; i < 3; i++) t.throws(() => admission.enter(2, false), { code: "overloaded" });
  t.equal(counts.inFlight, 6);
  t.same(refused.at(-1), ["concurrency", 2]);
});

t.test("requests over maxRequests have a code of their own", async (t) => {
  const { admission, refused } = start({ maxRequests: 1 });
  admission.enter(3, true);
  t.throws(() => admission.enter(0, true), {
    ...{ code: "requests_exhausted", status: 503, proxyStatus: "connection_limit_reached" },
  });
  t.same(refused, [["requests", 0]]);
});

t.test("a cluster that limits only retries has no places to keep", async (t) => {
  const { admission, counts, table } = start({ maxRetries: 1 });
  t.equal(admission.enter(3, true), null);
  t.ok(admission.tryRetry());
  t.notOk(admission.tryRetry());
  counts.release();
  t.equal(table.size, 1, "a retry in flight outlives its cluster");
  admission.endRetry();
  t.equal(table.size, 0);
});

t.test("whatever becomes of requests, and however often it is said, nothing is left of them", async (t) => {
  const step = fc.record({
    at: fc.nat(30),
    act: fc.constantFrom("enter", "enterSlowly", "onWhole", "answered", "leave"),
    priority: fc.constantFrom<Priority>(0, 1, 2, 3),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { admission, counts, table } = start({ maxRequests: 8, concurrency: adaptive });
      const all: Place[] = [];
      const open = new Set<Place>();
      for (const { at, act, priority } of steps) {
        if (act === "enter" || act === "enterSlowly") {
          try {
            const place = admission.enter(priority, act === "enter")!;
            all.push(place);
            open.add(place);
          } catch {
            // Refused: it takes nothing up.
          }
        } else if (all.length > 0) {
          const place = all[at % all.length]!;
          place[act]();
          if (act === "leave") open.delete(place);
        }
        if (counts.inFlight !== open.size || counts.inFlight > 8) return false;
        if (admission.limit!.inFlight > open.size) return false;
      }
      for (const place of all) place.leave();
      counts.release();
      return counts.inFlight === 0 && admission.limit!.inFlight === 0 && table.size === 0;
    }),
  );
  t.pass();
});
