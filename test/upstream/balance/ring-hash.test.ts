import t from "tap";
import { RingHash } from "../../../core/upstream/balance/ring-hash.ts";
import { Random } from "../../support/random.ts";
import { equalHosts, hostsOfWeight, picks, type TestHost, tally, worstError } from "./hosts.ts";
import { assign, keys, moved } from "./keys.ts";

function start(hosts: readonly TestHost[], heaviest?: number): RingHash<TestHost> {
  const random = new Random(15);
  const most = heaviest ?? Math.max(...hosts.map(({ config }) => config.weight));
  return new RingHash(hosts, { random: () => random.next(), heaviest: most });
}

t.test("when one of n endpoints goes, its keys move and no others, and they are about 1/n", async (t) => {
  for (const n of [2, 3, 10, 100]) {
    const hosts = equalHosts(n);
    const before = assign(start(hosts));
    for (const gone of [hosts[0]!, hosts[n - 1]!]) {
      const after = assign(start(hosts.filter((host) => host !== gone)));
      const { own, others } = moved(before, after, gone);
      t.equal(others, 0);
      t.ok(own < 1.3 / n && own > 0.7 / n, `${own} of 1/${n}`);
    }
  }
});

t.test("when endpoints with weights go, no others' keys move, if the heaviest stays", async (t) => {
  const hosts = hostsOfWeight(5, 1, 3, 2, 4);
  const before = assign(start(hosts));
  for (const gone of hosts) {
    const after = assign(
      start(
        hosts.filter((host) => host !== gone),
        5,
      ),
    );
    t.equal(moved(before, after, gone).others, 0);
  }
});

t.test("keys of an endpoint that goes are spread over all others", async (t) => {
  const hosts = equalHosts(10);
  const before = assign(start(hosts));
  const after = assign(start(hosts.slice(1)));
  const heirs = new Set(after.filter((_, i) => before[i] === hosts[0]));
  t.equal(heirs.size, 9);
});

t.test("shares follow the weights as closely as the number of points allows", async (t) => {
  for (const weights of [Array.from({ length: 20 }, () => 1), [4, 2, 1, 1], [100, 50, 25]]) {
    const hosts = hostsOfWeight(...weights);
    const counts = tally(
      assign(start(hosts)).map((host) => hosts.indexOf(host)),
      hosts,
    );
    // Four standard deviations of the lightest one: 1 / sqrt(points).
    const points = (256 * Math.min(...weights)) / Math.max(...weights);
    t.ok(worstError(counts, weights) < 4 / Math.sqrt(points), counts.join());
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
  t.equal(picked.join(""), "303302112434331030131003");
});

t.test("the ring is bounded: many endpoints have fewer points each", async (t) => {
  t.equal(start(equalHosts(2)).size, 512);
  t.equal(start(equalHosts(512)).size, 2 ** 17);
  t.equal(start(equalHosts(513)).size, 513 * 128);
  t.equal(start(equalHosts(4096)).size, 2 ** 17);
  t.equal(start(hostsOfWeight(10_000, 1)).size, 257);
});

t.test("hashes at both ends of their range have an endpoint, negative ones too", async (t) => {
  const hosts = equalHosts(3);
  const balancer = start(hosts);
  for (const hash of [0, 1, 2 ** 31, 2 ** 32 - 1, -1])
    t.ok(hosts.includes(balancer.pick({ hash, exclude: null })));
  t.equal(balancer.pick({ hash: -1, exclude: null }), balancer.pick({ hash: 2 ** 32 - 1, exclude: null }));
});

t.test("a request without a key goes anywhere", async (t) => {
  const hosts = equalHosts(4);
  const counts = tally(picks(start(hosts), hosts, 40_000), hosts);
  t.ok(worstError(counts, [1, 1, 1, 1]) < 0.3, counts.join());
});

t.test("a retry goes to the endpoint that would have the key if those tried were gone", async (t) => {
  const hosts = equalHosts(5);
  const balancer = start(hosts);
  const exclude = new Set([hosts[1]!, hosts[3]!]);
  const rest = start(hosts.filter((host) => !exclude.has(host)));
  for (const hash of keys.slice(0, 2000)) {
    t.equal(balancer.pick({ hash, exclude }), rest.pick({ hash, exclude: null }));
  }
  const all = new Set(hosts);
  t.equal(balancer.pick({ hash: 5, exclude: all }), balancer.pick({ hash: 5, exclude: null }));
});
