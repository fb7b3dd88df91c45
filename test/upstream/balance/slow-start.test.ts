import t from "tap";
import { EffectiveWeights } from "../../../core/upstream/balance/effective-weights.ts";
import { HostSet } from "../../../core/upstream/balance/host-set.ts";
import { standingOf } from "../../../core/upstream/balance/standing.ts";
import { Random } from "../../support/random.ts";
import { Clock, equalHosts, host, type TestHost, tally } from "./hosts.ts";

const failover = { zone: null, enough: 0.7, panic: 0.5 };

/** Shares of four endpoints, one of which joined `age` ms ago, with a slow start of 10 s. */
function sharesAt(balance: "round-robin" | "least-requests" | "ewma", age: number): number[] {
  const clock = new Clock();
  const random = new Random(3);
  const options = { now: clock.now, random: () => random.next() };
  const config = { balance, slowStart: 10_000, failover };
  const hosts: TestHost[] = equalHosts(3);
  HostSet.build(hosts, config, options);
  clock.time += 60_000;
  hosts.push(host("10.0.0.3:8080"));
  const set = HostSet.build(hosts, config, options);
  clock.time += age;
  const picked = Array.from({ length: 100_000 }, () => hosts.indexOf(set.pick()!));
  return tally(picked, hosts).map((count) => count / picked.length);
}

for (const balance of ["round-robin", "least-requests", "ewma"] as const) {
  t.test(
    `with ${balance} a new endpoint comes from a tenth to all of its share in a straight line`,
    async (t) => {
      for (const [age, weight] of [
        [0, 0.1],
        [500, 0.1],
        [2_500, 0.25],
        [5_000, 0.5],
        [9_900, 0.99],
        [10_000, 1],
        [60_000, 1],
      ] as const) {
        const share = sharesAt(balance, age)[3]!;
        const expected = weight / (3 + weight);
        t.ok(Math.abs(share - expected) < 0.02 * Math.max(expected, 0.1), `${age} ms: ${share}, ${expected}`);
      }
    },
  );
}

t.test("weights are looked at every 100 ms, and never again once all are full", async (t) => {
  const clock = new Clock();
  const [old, young] = equalHosts(2);
  standingOf(old!).upSince = clock.time - 5000;
  standingOf(young!).upSince = clock.time;
  const weights = new EffectiveWeights([old!, young!], { now: clock.now, slowStart: 1000 });
  t.same([...weights.values], [1, 0.1]);
  clock.time += 99;
  t.equal(weights.refresh(), false);
  clock.time += 401;
  t.equal(weights.refresh(), true);
  t.same([...weights.values], [1, 0.5]);
  t.equal(weights.refresh(), false);
  clock.time += 499;
  t.equal(weights.refresh(), true);
  t.equal(weights.values[1], 0.999);
  t.equal(weights.isWarming, true);
  clock.time += 100;
  t.equal(weights.refresh(), true);
  t.same([...weights.values], [1, 1]);
  t.equal(weights.isWarming, false);
  clock.time += 1000;
  t.equal(weights.refresh(), false);
});

t.test(
  "an endpoint that was unhealthy starts slowly again; a rebuild for others' sake changes nothing",
  async (t) => {
    const clock = new Clock();
    const options = { now: clock.now, random: Math.random };
    const config = { balance: "round-robin" as const, slowStart: 1000, failover };
    const [a, b] = equalHosts(2) as [TestHost, TestHost];
    HostSet.build([a, b], config, options);
    const start = clock.time;
    clock.time += 500;
    HostSet.build([a, b], config, options);
    t.equal(standingOf(a).upSince, start);
    a.isHealthy = false;
    HostSet.build([a, b], config, options);
    t.equal(standingOf(a).upSince, null);
    a.isHealthy = true;
    clock.time += 500;
    HostSet.build([a, b], config, options);
    t.equal(standingOf(a).upSince, clock.time);
    t.equal(standingOf(b).upSince, start);
  },
);

t.test("endpoints that all start together share as they would warm", async (t) => {
  const clock = new Clock();
  const hosts = equalHosts(4);
  const config = { balance: "round-robin" as const, slowStart: 1000, failover };
  const set = HostSet.build(hosts, config, { now: clock.now, random: Math.random });
  const picked = [];
  for (let i = 0; i < 4000; i++) {
    clock.time += 0.5;
    picked.push(hosts.indexOf(set.pick()!));
  }
  for (const count of tally(picked, hosts)) t.ok(Math.abs(count - 1000) <= 2, `${count}`);
});

t.test("weights that grow faster than turns come take nobody's turn away", async (t) => {
  const clock = new Clock();
  const config = { balance: "round-robin" as const, slowStart: 1_000_000, failover };
  const hosts: TestHost[] = equalHosts(9);
  const options = { now: clock.now, random: Math.random };
  HostSet.build(hosts, config, options);
  clock.time += 1_000_000;
  hosts.push(host("10.0.0.9:8080"));
  const set = HostSet.build(hosts, config, options);
  const picked = [];
  for (let i = 0; i < 910; i++) {
    clock.time += 100;
    picked.push(hosts.indexOf(set.pick()!));
  }
  const counts = tally(picked, hosts);
  t.ok(counts[9]! >= 9 && counts[9]! <= 11, counts.join());
  for (const count of counts.slice(0, 9)) t.ok(count >= 99 && count <= 101, counts.join());
});
