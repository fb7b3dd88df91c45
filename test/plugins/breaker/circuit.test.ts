import t from "tap";
import { type Change, Circuit } from "../../../plugins/breaker/circuit.ts";
import { type CircuitRules, openFor } from "../../../plugins/breaker/rules.ts";
import { type MovedClock, pluginCounters, reactorCounters } from "../../support/plugin-counters.ts";
import { Random } from "../../support/random.ts";

const rules: CircuitRules = {
  window: { type: "time", size: 10_000 },
  minimumCalls: 10,
  failureRate: 50,
  slowRate: 100,
  consecutiveFailures: 0,
  openTime: { base: 5000, growth: 2, most: 60_000, jitter: 0 },
  probes: 3,
  probeTimeout: 30_000,
};

const good = { failed: false, slow: false };
const bad = { failed: true, slow: false };
const slow = { failed: false, slow: true };

function start(changed: Partial<CircuitRules> = {}) {
  const clock: MovedClock = { now: 0 };
  const circuit = new Circuit("orders", { ...rules, ...changed }, pluginCounters(clock), () => 0.5);
  return { clock, circuit, call: (result = good) => call(circuit, clock, result) };
}

/** A call as a request makes it; undefined: it was refused. */
function call(circuit: Circuit, clock: MovedClock, result = good): Change | null | undefined {
  const decision = circuit.ask();
  return decision.allowed ? circuit.record(decision.pass, result, clock.now) : undefined;
}

function repeat(times: number, step: () => unknown): unknown[] {
  return Array.from({ length: times }, step);
}

t.test("a circuit opens when the rate is reached, and not before there are calls enough", async (t) => {
  const { circuit, call } = start();
  t.same(
    repeat(9, () => call(bad)),
    Array(9).fill(null),
  );
  t.match(call(good), { to: "open", because: "90 % of 10 failed", time: 5000 });
  t.equal(call(), undefined);
  t.same(circuit.ask(), { allowed: false, wait: 5000 });
});

t.test("a rate below the threshold does not open it, the threshold does", async (t) => {
  const { call } = start();
  repeat(20, () => call(good));
  t.same(
    repeat(19, () => call(bad)),
    Array(19).fill(null),
  );
  t.match(call(bad), { to: "open", because: "50 % of 40 failed" });
});

t.test("a rate rises when good calls leave the window", async (t) => {
  const { call, clock } = start();
  repeat(100, () => call(good));
  clock.now = 5000;
  repeat(30, () => call(bad));
  clock.now = 9999;
  t.equal(call(good), null);
  clock.now = 10_000;
  t.match(call(good), { to: "open", because: "94 % of 32 failed" });
});

t.test("slow calls open it", async (t) => {
  const { call } = start({ slowRate: 80 });
  repeat(2, () => call(good));
  repeat(7, () => call(slow));
  t.match(call(slow), { to: "open", because: "80 % of 10 slow" });
});

t.test("failures in a row open it, however few they are, and a good call ends the row", async (t) => {
  const { call } = start({ consecutiveFailures: 3 });
  repeat(50, () => call(good));
  t.same([bad, bad, good, bad, bad].map(call), Array(5).fill(null));
  t.match(call(bad), { to: "open", because: "3 failures in a row" });
});

t.test("it is half-open after its time, and closed when its probes went well", async (t) => {
  const { circuit, call, clock } = start();
  repeat(10, () => call(bad));
  clock.now = 4999;
  t.same(circuit.ask(), { allowed: false, wait: 1 });
  clock.now = 5000;
  const probes = repeat(3, () => circuit.ask()) as { pass: number }[];
  t.match(probes, [{ allowed: true, change: { to: "half-open" } }, { change: null }, { change: null }]);
  t.match(circuit.ask(), { allowed: false }, "three and no more");
  t.equal(circuit.record(probes[0]!.pass, good, clock.now), null);
  t.equal(circuit.record(probes[1]!.pass, good, clock.now), null);
  t.same(circuit.record(probes[2]!.pass, good, clock.now), { to: "closed" });
  t.equal(call(good), null);
  t.same(
    repeat(8, () => call(bad)),
    Array(8).fill(null),
    "what was before is forgotten",
  );
  t.match(call(bad), { to: "open", time: 5000 }, "and the time is the first one again");
});

t.test(
  "a probe that fails opens it again at once when the others cannot save it, for longer each time",
  async (t) => {
    const { circuit, call, clock } = start({ probes: 4 });
    repeat(10, () => call(bad));
    for (const time of [10_000, 20_000, 40_000, 60_000, 60_000]) {
      const wait = (circuit.ask() as { wait: number }).wait;
      clock.now += wait;
      t.equal(call(good), null);
      t.equal(call(bad), null);
      t.match(call(bad), { to: "open", because: "50 % of 4 failed of the probes", time });
    }
  },
);

t.test("probes that never come back do not block it: after their time others go", async (t) => {
  const { circuit, call, clock } = start();
  repeat(10, () => call(bad));
  clock.now = 5000;
  repeat(3, () => circuit.ask());
  clock.now = 34_999;
  t.equal(call(), undefined);
  clock.now = 35_000;
  t.same([call(), call(), call()], [null, null, { to: "closed" }]);
});

t.test("a probe that was not made may be made by another", async (t) => {
  const { circuit, call, clock } = start({ probes: 1 });
  repeat(10, () => call(bad));
  clock.now = 5000;
  const probe = circuit.ask() as { pass: number };
  t.equal(call(), undefined);
  circuit.giveBack(probe.pass);
  t.same(call(), { to: "closed" });
});

t.test("results of another state change nothing: late failures, late probes, late successes", async (t) => {
  const { circuit, call, clock } = start({ probes: 1 });
  const early = repeat(30, () => circuit.ask()) as { pass: number }[];
  repeat(10, () => call(bad));
  t.same(
    early.slice(0, 10).map(({ pass }) => circuit.record(pass, bad, clock.now)),
    Array(10).fill(null),
  );
  clock.now = 5000;
  const probe = circuit.ask() as { pass: number };
  early.slice(10, 20).map(({ pass }) => circuit.record(pass, good, clock.now));
  t.match(circuit.record(probe.pass, bad, clock.now), { to: "open", time: 10_000 });
  t.equal(circuit.record(probe.pass, good, clock.now), null);
  clock.now = 15_000;
  t.same(call(), { to: "closed" });
  t.same(
    early.slice(20).map(({ pass }) => circuit.record(pass, bad, clock.now)),
    Array(10).fill(null),
  );
  t.equal(call(), null);
});

t.test("one reactor opens it for all, and each change is made by one of them", async (t) => {
  const clock = { now: 0 };
  const circuits = reactorCounters(clock, 4).map(
    (counters) => new Circuit("orders", rules, counters, () => 0.5),
  );
  const changes: Change[] = [];
  const all = (result: typeof good) => {
    // All have asked before the first result is there, as it is with threads.
    const decisions = circuits.map((circuit) => circuit.ask());
    for (const [index, decision] of decisions.entries()) {
      if (!decision.allowed) continue;
      if (decision.change) changes.push(decision.change);
      const change = circuits[index]!.record(decision.pass, result, clock.now);
      if (change) changes.push(change);
    }
    return decisions.filter(({ allowed }) => allowed).length;
  };
  t.same(
    repeat(3, () => all(bad)),
    [4, 4, 4],
  );
  t.match(changes, [{ to: "open", because: "100 % of 10 failed" }]);
  t.equal(all(bad), 0);
  clock.now = 5000;
  t.equal(all(good), 3);
  t.match(changes.slice(1), [{ to: "half-open" }, { to: "closed" }]);
  t.equal(all(good), 4);
});

t.test("the time is longer or shorter by the jitter, never above the most and its jitter", async (t) => {
  const openTime = { base: 1000, growth: 3, most: 5000, jitter: 0.1 };
  t.equal(openFor(openTime, 1, 0), 900);
  t.equal(openFor(openTime, 1, 1), 1100);
  t.equal(openFor(openTime, 2, 0.5), 3000);
  t.equal(openFor(openTime, 1000, 1), 5500);
});

t.test(
  "a simulated hour: a service that goes down is asked little, and soon again when it is back",
  async (t) => {
    const random = new Random(7);
    const clock: MovedClock = { now: 0 };
    const circuits = reactorCounters(clock, 2).map(
      (counters) =>
        new Circuit("orders", { ...rules, openTime: { ...rules.openTime, jitter: 0.1 } }, counters, () =>
          random.next(),
        ),
    );
    // Down for two minutes in every ten; 100 calls a second, of which 2 % always fail.
    const isDown = () => clock.now % 600_000 >= 480_000;
    let [askedWhileDown, refusedWhileUp, down, up] = [0, 0, 0, 0];
    for (; clock.now < 3_600_000; clock.now += 10) {
      const result = isDown() || random.next() < 0.02 ? bad : good;
      const wasRefused = call(circuits[random.int(0, 1)]!, clock, result) === undefined;
      if (isDown()) down++;
      else up++;
      if (isDown() && !wasRefused) askedWhileDown++;
      if (!isDown() && wasRefused) refusedWhileUp++;
    }
    // It opens after about 5 s of failures, and is tried five or six times after that.
    t.ok(askedWhileDown / down < 0.06, `${askedWhileDown} of ${down}`);
    t.ok(refusedWhileUp / up < 0.15, `${refusedWhileUp} of ${up}`);
    t.ok(askedWhileDown > 6 * 300, "each time its window had to fill");
  },
);
