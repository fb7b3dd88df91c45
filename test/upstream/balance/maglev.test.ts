import t from "tap";
import { Maglev, tableSize } from "../../../core/upstream/balance/maglev.ts";
import { Random } from "../../support/random.ts";
import { equalHosts, hostsOfWeight, picks, type TestHost, tally, worstError } from "./hosts.ts";
import { assign, keys, moved } from "./keys.ts";

function start(hosts: readonly TestHost[]): Maglev<TestHost> {
  const random = new Random(16);
  return new Maglev(hosts, { random: () => random.next() });
}

/** Entries of the table that each endpoint has. */
function entries(hosts: readonly TestHost[]): number[] {
  const balancer = start(hosts);
  const picked = Array.from({ length: tableSize }, (_, hash) => balancer.pick({ hash, exclude: null }));
  return tally(
    picked.map((host) => hosts.indexOf(host)),
    hosts,
  );
}

t.test("the size of the table is prime", async (t) => {
  for (let divisor = 2; divisor * divisor <= tableSize; divisor++) t.not(tableSize % divisor, 0);
});

t.test("endpoints of equal weight have shares that differ by one entry", async (t) => {
  for (const n of [2, 7, 100]) {
    const counts = entries(equalHosts(n));
    t.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join());
  }
});

t.test("shares are within 2 % of any weights", async (t) => {
  const random = new Random(17);
  for (let round = 0; round < 10; round++) {
    const weights = Array.from({ length: 20 }, () => random.int(1, 20));
    t.ok(worstError(entries(hostsOfWeight(...weights)), weights) < 0.02);
  }
});

t.test("one giant among dwarfs gets its share, and the dwarfs theirs", async (t) => {
  const weights = [10_000, ...Array.from({ length: 999 }, () => 10)];
  const [giant, ...dwarfs] = entries(hostsOfWeight(...weights));
  t.ok(worstError([giant!, dwarfs.reduce((sum, count) => sum + count, 0)], [10_000, 9_990]) < 0.02);
  t.ok(Math.min(...dwarfs) >= 32 && Math.max(...dwarfs) <= 34, dwarfs.join());
});

t.test("keys are spread within 2 % of the weights, but for chance", async (t) => {
  const weights = [3, 2, 1];
  const hosts = hostsOfWeight(...weights);
  const counts = tally(
    assign(start(hosts)).map((host) => hosts.indexOf(host)),
    hosts,
  );
  t.ok(worstError(counts, weights) < 0.02, counts.join());
});

t.test("when one of n endpoints goes, its keys move and few others", async (t) => {
  for (const n of [2, 10, 100]) {
    const hosts = equalHosts(n);
    const before = assign(start(hosts));
    const gone = hosts[n >> 1]!;
    const { own, others } = moved(before, assign(start(hosts.filter((host) => host !== gone))), gone);
    t.ok(own < 1.1 / n, `${own} of 1/${n}`);
    t.ok(others < 0.05, `${others} of others with ${n}`);
  }
});

t.test("the order in which endpoints are listed means nothing", async (t) => {
  const hosts = equalHosts(10);
  t.same(
    assign(start(hosts)).map(({ name }) => name),
    assign(start(hosts.toReversed())).map(({ name }) => name),
  );
});

t.test("keys belong to the same endpoints in every version", async (t) => {
  const hosts = equalHosts(5);
  const balancer = start(hosts);
  const picked = keys.slice(0, 24).map((hash) => hosts.indexOf(balancer.pick({ hash, exclude: null })));
  t.equal(picked.join(""), "401411024001243312241143");
});

t.test("a request without a key goes anywhere", async (t) => {
  const hosts = equalHosts(4);
  const counts = tally(picks(start(hosts), hosts, 100_000), hosts);
  t.ok(worstError(counts, [1, 1, 1, 1]) < 0.02, counts.join());
});

t.test("retries go to every other endpoint before one is asked again, the same way each time", async (t) => {
  const hosts = equalHosts(30);
  const balancer = start(hosts);
  const order = () => {
    const exclude = new Set<TestHost>();
    for (const _ of hosts) exclude.add(balancer.pick({ hash: 12_345, exclude }));
    return [...exclude];
  };
  t.equal(order().length, 30);
  t.same(order(), order());
  t.ok(hosts.includes(balancer.pick({ hash: 1, exclude: new Set(hosts) })));
});

t.test("retries of one endpoint's keys are spread over all others", async (t) => {
  const hosts = equalHosts(5);
  const balancer = start(hosts);
  const exclude = new Set([hosts[0]!]);
  const mine = keys.filter((hash) => balancer.pick({ hash, exclude: null }) === hosts[0]);
  const counts = tally(
    mine.map((hash) => hosts.indexOf(balancer.pick({ hash, exclude }))),
    hosts,
  );
  t.equal(counts[0], 0);
  t.ok(worstError(counts.slice(1), [1, 1, 1, 1]) < 0.1, counts.join());
});
