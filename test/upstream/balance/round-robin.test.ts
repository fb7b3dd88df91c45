import t from "tap";
import { createBalancer } from "../../../core/upstream/balance/create-balancer.ts";
import { RoundRobin } from "../../../core/upstream/balance/round-robin.ts";
import { equalHosts, hostsOfWeight, picks } from "./hosts.ts";

t.test("endpoints of equal weight have their turns in order", async (t) => {
  const hosts = equalHosts(3);
  const balancer = createBalancer("round-robin", hosts);
  t.ok(balancer instanceof RoundRobin);
  t.same(picks(balancer, hosts, 7), [0, 1, 2, 0, 1, 2, 0]);
});

t.test("equal weights need no schedule, whatever they are", async (t) => {
  t.ok(createBalancer("round-robin", hostsOfWeight(7, 7)) instanceof RoundRobin);
  t.notOk(createBalancer("round-robin", hostsOfWeight(7, 8)) instanceof RoundRobin);
});

t.test("a new balancer goes on where the one before stood", async (t) => {
  const hosts = equalHosts(4);
  t.same(picks(new RoundRobin(hosts), hosts, 2), [0, 1]);
  const rest = hosts.filter((_, i) => i !== 2);
  t.same(picks(new RoundRobin(rest), hosts, 2), [3, 0]);
  t.same(picks(new RoundRobin(hosts), hosts, 4), [1, 2, 3, 0]);
});

t.test("a membership that changes after every request favours nobody", async (t) => {
  const hosts = equalHosts(5);
  const counts = hosts.map(() => 0);
  for (let i = 0; i < 1000; i++) {
    const [index] = picks(new RoundRobin(hosts), hosts, 1);
    counts[index!]!++;
  }
  t.same(counts, [200, 200, 200, 200, 200]);
});

t.test("a retry passes over what it tried, and takes any when it tried all", async (t) => {
  const hosts = equalHosts(3);
  const balancer = new RoundRobin(hosts);
  const exclude = new Set([hosts[0]!, hosts[1]!]);
  t.same(picks(balancer, hosts, 3, { hash: null, exclude }), [2, 2, 2]);
  exclude.add(hosts[2]!);
  t.same(picks(balancer, hosts, 3, { hash: null, exclude }), [0, 1, 2]);
});

t.test("a single endpoint is picked by every policy, tried or not", async (t) => {
  const [only] = equalHosts(1);
  for (const kind of ["round-robin", "least-requests", "ewma", "ring-hash", "maglev"] as const) {
    t.equal(createBalancer(kind, [only!]).pick({ hash: 7, exclude: new Set([only!]) }), only);
  }
});
