import t from "tap";
import { WeightedRoundRobin } from "../../../core/upstream/balance/weighted-round-robin.ts";
import { Random } from "../../support/random.ts";
import { Clock, hostsOfWeight, picks, type TestHost, tally, worstError } from "./hosts.ts";

const steady = { now: () => 0, slowStart: 0 };

function start(hosts: readonly TestHost[]): WeightedRoundRobin<TestHost> {
  return new WeightedRoundRobin(hosts, steady);
}

t.test("heavy endpoints are spread over the cycle", async (t) => {
  const hosts = hostsOfWeight(5, 1, 1);
  t.same(picks(start(hosts), hosts, 14).join(""), "00102000010200");
});

t.test("a hundred endpoints get shares within 2 % of any weights", async (t) => {
  const random = new Random(1);
  for (let round = 0; round < 10; round++) {
    const weights = Array.from({ length: 100 }, () => random.int(1, 100));
    const hosts = hostsOfWeight(...weights);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    // In 100 cycles the lightest has a hundred turns; one more or less is 1 %.
    const counts = tally(picks(start(hosts), hosts, 100 * total), hosts);
    t.ok(worstError(counts, weights) < 0.02);
  }
});

t.test("at every moment each endpoint is within two requests of its share", async (t) => {
  const random = new Random(2);
  for (let round = 0; round < 50; round++) {
    const weights = Array.from({ length: random.int(2, 20) }, () => random.int(1, 50));
    const hosts = hostsOfWeight(...weights);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const counts = hosts.map(() => 0);
    const balancer = start(hosts);
    let worst = 0;
    for (let picked = 1; picked <= 3 * total; picked++) {
      counts[hosts.indexOf(balancer.pick())]!++;
      for (const [i, weight] of weights.entries()) {
        worst = Math.max(worst, Math.abs(counts[i]! - (picked * weight) / total));
      }
    }
    t.ok(worst < 2, `${weights}: ${worst}`);
  }
});

t.test("shares stay exact after virtual time was moved back", async (t) => {
  const hosts = hostsOfWeight(1, 2);
  const balancer = start(hosts);
  const counts = [0, 0];
  // Each cycle of three picks is 1 of virtual time, which is moved back after 2^20.
  for (let i = 0; i < 3.3e6; i++) counts[hosts.indexOf(balancer.pick())]!++;
  t.same(counts, [1.1e6, 2.2e6]);
  t.same(tally(picks(balancer, hosts, 300), hosts), [100, 200]);
});

t.test("a membership that changes after every request favours nobody", async (t) => {
  const weights = [5, 3, 1, 1];
  const hosts = hostsOfWeight(...weights);
  const counts = hosts.map(() => 0);
  for (let i = 0; i < 1000; i++) counts[hosts.indexOf(start(hosts).pick())]!++;
  t.ok(worstError(counts, weights) < 0.02, counts.join());
});

t.test("an endpoint that was left out comes back without a burst of requests", async (t) => {
  const hosts = hostsOfWeight(2, 1, 1);
  start(hosts).pick();
  const rest = hosts.slice(0, 2);
  picks(start(rest), rest, 3000);
  t.same(tally(picks(start(hosts), hosts, 40), hosts), [20, 10, 10]);
});

t.test("a retry takes the next turn of an endpoint that it has not tried", async (t) => {
  const hosts = hostsOfWeight(10, 2, 1);
  const balancer = start(hosts);
  const exclude = new Set([hosts[0]!]);
  t.same(tally(picks(balancer, hosts, 300, { hash: null, exclude }), hosts), [0, 200, 100]);
  exclude.add(hosts[1]!).add(hosts[2]!);
  t.ok(hosts.includes(balancer.pick({ hash: null, exclude })));
});

t.test("after retries that passed over an endpoint the shares are those of the weights again", async (t) => {
  const hosts = hostsOfWeight(3, 2, 1);
  const balancer = start(hosts);
  picks(balancer, hosts, 60, { hash: null, exclude: new Set([hosts[0]!]) });
  // The one passed over makes up for turns it missed; then the cycle is as before.
  picks(balancer, hosts, 600);
  t.same(tally(picks(balancer, hosts, 60), hosts), [30, 20, 10]);
});

t.test("a clock that is asked for nothing is not read", async (t) => {
  const hosts = hostsOfWeight(2, 1);
  const clock = new Clock();
  let reads = 0;
  const now = () => {
    reads++;
    return clock.now();
  };
  picks(new WeightedRoundRobin(hosts, { now, slowStart: 0 }), hosts, 100);
  t.equal(reads, 0);
});
