import t from "tap";
import { createEndpointMemory } from "../../../core/upstream/health/endpoint-memory.ts";
import { noSlot } from "../../../core/upstream/health/endpoint-slots.ts";
import { type EjectionTerms, EndpointTable } from "../../../core/upstream/health/endpoint-table.ts";
import { chooseSeed, Random } from "../../support/random.ts";
import { testClock } from "./clock.ts";

const reason = { kind: "consecutive_failures", measure: 5 } as const;

function terms(...among: number[]): EjectionTerms {
  return { among, most: 1, first: 100, longest: 1000 };
}

t.test("a key has one slot, in every view of the memory, and other keys have others", async (t) => {
  const memory = createEndpointMemory(64);
  const [here, there] = [new EndpointTable(memory), new EndpointTable(memory)];
  const slots = Array.from({ length: 50 }, (_, index) => here.acquire(`app/10.0.0.${index}:80`));
  t.equal(new Set(slots).size, 50);
  t.same(
    slots.map((_, index) => there.acquire(`app/10.0.0.${index}:80`)),
    slots,
  );
  t.equal(here.size, 50);
});

t.test("keys of wide characters are not taken for narrow ones with the same bytes", async (t) => {
  const table = new EndpointTable(createEndpointMemory());
  t.not(table.acquire("\u6161\u6262"), table.acquire("aabb"));
});

t.test("a slot is forgotten when the last of its holders gives it back, and not before", async (t) => {
  const table = new EndpointTable(createEndpointMemory());
  const slot = table.acquire("app/a:80");
  table.acquire("app/a:80");
  table.setCheckState(slot, "unhealthy");
  table.release(slot);
  t.equal(table.checkState(table.acquire("app/a:80")), "unhealthy");
  table.release(slot);
  table.release(slot);
  t.equal(table.size, 0);
  t.equal(table.checkState(table.acquire("app/a:80")), "unknown");
});

t.test("giving back a slot that nobody holds is an error", async (t) => {
  const table = new EndpointTable(createEndpointMemory());
  const slot = table.acquire("app/a:80");
  table.release(slot);
  t.throws(() => table.release(slot), /nobody holds it/);
});

t.test("an endpoint that finds no room is always fit to be used, and others are found again", async (t) => {
  const table = new EndpointTable(createEndpointMemory(4));
  const slots = ["a", "b", "c", "d"].map((key) => table.acquire(key));
  t.equal(table.acquire("e"), noSlot);
  t.equal(table.isUsable(noSlot), true);
  t.equal(table.eject(noSlot, reason, terms(noSlot)), "refused");
  t.equal(table.isEjected(noSlot), false);
  table.setCheckState(noSlot, "unhealthy");
  t.equal(table.checkState(noSlot), "unknown");
  table.release(noSlot);
  t.equal(table.acquire("c"), slots[2]);
  table.release(slots[1]!);
  t.equal(table.acquire("e"), slots[1]);
});

t.test("after any sequence of taking and giving back each key has its own slot and no other", async (t) => {
  const seed = chooseSeed("ENDPOINT_SEED");
  const random = new Random(seed);
  const table = new EndpointTable(createEndpointMemory(16));
  const held = new Map<string, { slot: number; times: number }>();
  for (let turn = 0; turn < 20_000; turn++) {
    const key = `key ${random.int(0, 23)}`;
    const known = held.get(key);
    if (known !== undefined && random.chance(0.55)) {
      table.release(known.slot);
      if (--known.times === 0) held.delete(key);
      continue;
    }
    const slot = table.acquire(key);
    if (known !== undefined) {
      if (slot !== known.slot) t.fail(`seed ${seed}: ${key} has slots ${known.slot} and ${slot}`);
      known.times++;
    } else if (slot === noSlot) {
      if (held.size < 16) t.fail(`seed ${seed}: no room beside ${held.size}`);
    } else {
      const other = [...held].find(([, taken]) => taken.slot === slot);
      if (other !== undefined) t.fail(`seed ${seed}: ${key} and ${other[0]} share slot ${slot}`);
      held.set(key, { slot, times: 1 });
    }
  }
  t.equal(table.size, held.size);
});

t.test("the version changes with the health of an endpoint, and with nothing else", async (t) => {
  const table = new EndpointTable(createEndpointMemory());
  let version = table.version;
  const changes = (work: () => void) => {
    work();
    const changed = table.version !== version;
    version = table.version;
    return changed;
  };
  let slot = noSlot;
  t.equal(
    changes(() => {
      slot = table.acquire("app/a:80");
    }),
    false,
  );
  t.equal(
    changes(() => table.setCheckState(slot, "healthy")),
    true,
  );
  t.equal(
    changes(() => table.setCheckState(slot, "healthy")),
    false,
  );
  t.equal(
    changes(() => void table.eject(slot, reason, terms(slot))),
    true,
  );
  t.equal(
    changes(() => void table.eject(slot, reason, terms(slot))),
    false,
  );
});

t.test("what checks say and what answers say do not touch each other", async (t) => {
  const clock = testClock();
  const table = new EndpointTable(createEndpointMemory(), clock.now);
  const slot = table.acquire("app/a:80");
  table.eject(slot, reason, terms(slot));
  table.setCheckState(slot, "healthy");
  t.same([table.isUsable(slot), table.isEjected(slot), table.checkState(slot)], [false, true, "healthy"]);
  table.setCheckState(slot, "unhealthy");
  table.endDueEjection(slot, clock.now() + 100);
  t.same([table.isUsable(slot), table.isEjected(slot), table.checkState(slot)], [false, false, "unhealthy"]);
  table.setCheckState(slot, "unknown");
  t.equal(table.isUsable(slot), true);
});

t.test("when nobody checks or watches an endpoint any more it is as good as any", async (t) => {
  const table = new EndpointTable(createEndpointMemory());
  const slot = table.acquire("app/a:80");
  for (const _generation of [1, 2]) {
    table.addCheck(slot);
    table.addWatcher(slot);
  }
  table.setCheckState(slot, "unhealthy");
  table.eject(slot, reason, terms(slot));
  table.removeCheck(slot);
  table.removeWatcher(slot);
  t.same([table.checkState(slot), table.isEjected(slot)], ["unhealthy", true]);
  table.removeCheck(slot);
  table.removeWatcher(slot);
  t.same([table.checkState(slot), table.isEjected(slot)], ["unknown", false]);
});

t.test("an ejection begins and ends at one reading of the clock", async (t) => {
  const clock = testClock();
  const now = () => {
    clock.pass(1);
    return clock.now();
  };
  const table = new EndpointTable(createEndpointMemory(), now);
  const slot = table.acquire("app/a:80");
  t.same(table.eject(slot, reason, terms(slot)), { ejectedFor: 100 });
  const { since, ejection } = table.standing(slot);
  t.equal(ejection!.until - since, 100);
});
