import t from "tap";
import { LeastRequests } from "../../../core/upstream/balance/least-requests.ts";
import { Random } from "../../support/random.ts";
import { Clock, equalHosts, hostsOfWeight, picks, type TestHost, tally, worstError } from "./hosts.ts";
import { simulate } from "./queueing.ts";

function start(hosts: readonly TestHost[], seed = 6): LeastRequests<TestHost> {
  const random = new Random(seed);
  return new LeastRequests(hosts, { random: () => random.next(), now: () => 0, slowStart: 0 });
}

t.test("idle endpoints get shares within 2 % of their weights", async (t) => {
  for (const weights of [
    [1, 1, 1, 1],
    [3, 1],
    [1, 2, 3, 4, 5],
    [100, 1, 1],
  ]) {
    const hosts = hostsOfWeight(...weights);
    const draws = weights.includes(100) ? 4_000_000 : 400_000;
    const counts = hosts.map(() => 0);
    const balancer = start(hosts);
    for (let i = 0; i < draws; i++) counts[hosts.indexOf(balancer.pick())]!++;
    t.ok(worstError(counts, weights) < 0.02, counts.join());
  }
});

t.test("busy endpoints of equal speed get shares within 2 % of their weights", async (t) => {
  for (const weights of [
    [1, 1, 1, 1, 1],
    [3, 1],
    [4, 2, 1, 1],
  ]) {
    const hosts = hostsOfWeight(...weights);
    const load = { requests: 200_000, perMs: 10, serviceTime: () => 20, seed: 7 };
    const counts = simulate(start(hosts), hosts, new Clock(), load);
    t.ok(worstError(counts, weights) < 0.02, counts.join());
  }
});

t.test("an endpoint that answers ten times slower gets about a tenth of another's requests", async (t) => {
  const hosts = equalHosts(4);
  const serviceTime = (host: TestHost) => (host === hosts[0] ? 100 : 10);
  const load = { requests: 50_000, perMs: 4, serviceTime, seed: 8 };
  const [slow, ...others] = simulate(start(hosts), hosts, new Clock(), load);
  t.ok(slow! < 0.2 * Math.min(...others), `${slow}, ${others}`);
});

t.test(
  "no endpoint is ever the choice while the other one that was drawn is less busy for its weight",
  async (t) => {
    const hosts = hostsOfWeight(4, 2);
    const balancer = start(hosts);
    hosts[0]!.inFlight = 5;
    hosts[1]!.inFlight = 2;
    t.same(tally(picks(balancer, hosts, 100), hosts), [0, 100]);
    hosts[1]!.inFlight = 3;
    t.same(tally(picks(balancer, hosts, 100), hosts), [100, 0]);
  },
);

t.test("a retry takes an endpoint that it has not tried, with any number left", async (t) => {
  const hosts = equalHosts(20);
  const balancer = start(hosts);
  const exclude = new Set<TestHost>();
  for (const _ of hosts) {
    const picked = balancer.pick({ hash: null, exclude });
    t.notOk(exclude.has(picked));
    exclude.add(picked);
  }
  t.ok(hosts.includes(balancer.pick({ hash: null, exclude })));
});
