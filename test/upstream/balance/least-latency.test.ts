import t from "tap";
import { LeastLatency } from "../../../core/upstream/balance/least-latency.ts";
import { PeakLatency } from "../../../core/upstream/balance/peak-latency.ts";
import { standingOf } from "../../../core/upstream/balance/standing.ts";
import { Random } from "../../support/random.ts";
import { Clock, equalHosts, hostsOfWeight, picks, type TestHost, tally, worstError } from "./hosts.ts";
import { simulate } from "./queueing.ts";

function start(hosts: readonly TestHost[], clock: Clock): LeastLatency<TestHost> {
  const random = new Random(9);
  return new LeastLatency(hosts, { random: () => random.next(), now: clock.now, slowStart: 0 });
}

function near(actual: number, expected: number): boolean {
  return Math.abs(actual - expected) < 1e-9;
}

t.test("the average jumps up at once and comes down by the time that passed", async (t) => {
  const latency = new PeakLatency();
  t.equal(latency.at(0), 0);
  latency.answered(10, 0);
  t.equal(latency.at(0), 10);
  latency.answered(200, 0);
  t.equal(latency.at(0), 200);
  // A second one at the same moment moves nothing down.
  latency.answered(10, 0);
  t.equal(latency.at(0), 200);
  const kept = Math.exp(-1);
  latency.answered(10, 10_000);
  t.ok(near(latency.at(10_000), 200 * kept + 10 * (1 - kept)));
});

t.test("without answers the average decays to 1/e in ten seconds", async (t) => {
  const latency = new PeakLatency();
  latency.answered(100, 0);
  t.ok(near(latency.at(10_000), 100 / Math.E));
  t.ok(near(latency.at(20_000), 100 / Math.E ** 2));
});

t.test("a failure makes an endpoint look slow, never fast", async (t) => {
  const latency = new PeakLatency();
  latency.answered(100, 0);
  latency.failed(1, 0);
  t.equal(latency.at(0), 100);
  latency.failed(3000, 0);
  t.equal(latency.at(0), 3000);
});

t.test("a clock that seems to go back, as between threads, does no harm", async (t) => {
  const latency = new PeakLatency();
  latency.answered(100, 1000);
  latency.answered(50, 900);
  t.equal(latency.at(900), 100);
  t.equal(latency.at(1000), 100);
});

t.test("of two endpoints the one whose latency times queue is less is picked", async (t) => {
  const clock = new Clock();
  const hosts = equalHosts(2);
  const balancer = start(hosts, clock);
  standingOf(hosts[0]!).latency.answered(10, clock.time);
  standingOf(hosts[1]!).latency.answered(35, clock.time);
  hosts[0]!.inFlight = 2;
  t.same(tally(picks(balancer, hosts, 50), hosts), [50, 0]);
  hosts[0]!.inFlight = 3;
  t.same(tally(picks(balancer, hosts, 50), hosts), [0, 50]);
});

t.test("an endpoint that never answered gets one request and then none until it does", async (t) => {
  const clock = new Clock();
  const hosts = equalHosts(2);
  const balancer = start(hosts, clock);
  standingOf(hosts[0]!).latency.answered(10, clock.time);
  t.same(picks(balancer, hosts, 1), [1]);
  hosts[1]!.inFlight = 1;
  hosts[0]!.inFlight = 100;
  t.same(tally(picks(balancer, hosts, 50), hosts), [50, 0]);
  standingOf(hosts[1]!).latency.answered(5, clock.time);
  hosts[1]!.inFlight = 0;
  t.same(tally(picks(balancer, hosts, 50), hosts), [0, 50]);
});

t.test("idle endpoints that know nothing get shares within 2 % of their weights", async (t) => {
  const hosts = hostsOfWeight(3, 2, 1);
  const counts = tally(picks(start(hosts, new Clock()), hosts, 400_000), hosts);
  t.ok(worstError(counts, [3, 2, 1]) < 0.02, counts.join());
});

// Not 2 %: who drew a long answer stands back for some of the ten seconds in which that decays.
t.test("endpoints that behave alike get shares within 5 % under load", async (t) => {
  const clock = new Clock();
  const hosts = equalHosts(5);
  const load = { requests: 200_000, perMs: 1, serviceTime: () => 20, seed: 10 };
  const counts = simulate(start(hosts, clock), hosts, clock, load);
  t.ok(worstError(counts, [1, 1, 1, 1, 1]) < 0.05, counts.join());
});

t.test(
  "an endpoint that turns slow loses its requests at once and gets them back when it has recovered",
  async (t) => {
    const clock = new Clock();
    const hosts = equalHosts(4);
    const balancer = start(hosts, clock);
    let slowness = 1;
    const serviceTime = (host: TestHost) => (host === hosts[0] ? 10 * slowness : 10);
    const shareOfFirst = (seed: number) => {
      const counts = simulate(balancer, hosts, clock, { requests: 40_000, perMs: 1, serviceTime, seed });
      return counts[0]! / 40_000;
    };
    t.ok(Math.abs(shareOfFirst(11) - 0.25) < 0.02);
    slowness = 50;
    const whileSlow = shareOfFirst(12);
    t.ok(whileSlow < 0.01, `${whileSlow}`);
    slowness = 1;
    shareOfFirst(13);
    const after = shareOfFirst(14);
    t.ok(Math.abs(after - 0.25) < 0.02, `${after}`);
  },
);

t.test("a retry takes an endpoint that it has not tried, however slow", async (t) => {
  const clock = new Clock();
  const hosts = equalHosts(2);
  standingOf(hosts[1]!).latency.answered(10_000, clock.time);
  const balancer = start(hosts, clock);
  const exclude = new Set([hosts[0]!]);
  t.same(tally(picks(balancer, hosts, 50, { hash: null, exclude }), hosts), [0, 50]);
});
