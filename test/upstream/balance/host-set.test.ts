import t from "tap";
import type { BalanceKind, FailoverConfig } from "../../../core/config/traffic-model.ts";
import { HostSet } from "../../../core/upstream/balance/host-set.ts";
import { standingOf } from "../../../core/upstream/balance/standing.ts";
import { Random } from "../../support/random.ts";
import { equalHosts, host, hostsOfWeight, type TestHost, tally, worstError } from "./hosts.ts";
import { keys } from "./keys.ts";

const defaults: FailoverConfig = { zone: null, enough: 0.7, panic: 0.5 };

function build(
  hosts: readonly TestHost[],
  failover: Partial<FailoverConfig> = {},
  balance: BalanceKind = "round-robin",
): HostSet<TestHost> {
  const random = new Random(18);
  const config = { balance, slowStart: 0, failover: { ...defaults, ...failover } };
  return HostSet.build(hosts, config, { random: () => random.next(), now: () => 0 });
}

function level(priority: number, healthy: number, unhealthy: number, zone: string | null = null): TestHost[] {
  return Array.from({ length: healthy + unhealthy }, (_, i) => ({
    ...host(`p${priority}-${zone}-${i}`, { priority, zone }),
    isHealthy: i < healthy,
  }));
}

/** Share of requests, in %, for each value of `by`. */
function measure(set: HostSet<TestHost>, by: (host: TestHost) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < 100_000; i++) {
    const key = by(set.pick()!);
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(counts).map(([key, count]) => [key, count / 1000]));
}

const byPriority = ({ config }: TestHost) => `${config.priority}`;
const byZone = ({ config }: TestHost) => `${config.zone}`;
const byHealth = ({ isHealthy }: TestHost) => (isHealthy ? "healthy" : "unhealthy");

function isNear(actual: number | undefined, expected: number): boolean {
  return actual !== undefined && Math.abs(actual - expected) < 1;
}

t.test("only the first priority gets requests while enough of it is healthy", async (t) => {
  const set = build([...level(0, 7, 3), ...level(1, 5, 0)]);
  t.same(measure(set, byPriority), { 0: 100 });
  t.same(measure(set, byHealth), { healthy: 100 });
});

t.test("a priority that lost too many gives what it cannot carry to the next one", async (t) => {
  const shares = measure(build([...level(5, 4, 0), ...level(2, 7, 13)]), byPriority);
  t.ok(isNear(shares["2"], 50));
  t.ok(isNear(shares["5"], 50));
});

t.test("below the threshold health is ignored, unless another priority can carry the load", async (t) => {
  const panicking = build(level(0, 2, 8));
  t.same(measure(panicking, byHealth), { healthy: 20, unhealthy: 80 });
  t.same(
    panicking.groups.map(({ panic, share, zone }) => ({ panic, share, zone })),
    [{ panic: true, share: 1, zone: "all" }],
  );
  t.same(measure(build([...level(0, 2, 8), ...level(1, 10, 0)]), byHealth), { healthy: 100 });
});

t.test("nobody healthy and no threshold: nobody is asked", async (t) => {
  const set = build(level(0, 0, 3), { panic: 0 });
  t.equal(set.pick(), null);
  t.same(set.groups, []);
  t.equal(build([]).pick(), null);
});

t.test("nobody healthy and a threshold: all are asked", async (t) => {
  t.same(measure(build(level(0, 0, 3)), byHealth), { unhealthy: 100 });
});

t.test("the own zone gets all requests while enough of it is healthy", async (t) => {
  const hosts = [...level(0, 7, 3, "a"), ...level(0, 10, 0, "b"), ...level(0, 10, 0)];
  t.same(measure(build(hosts, { zone: "a" }), byZone), { a: 100 });
});

t.test("what the own zone lacks goes to the others of the priority, spread over them", async (t) => {
  const hosts = [...level(0, 7, 13, "a"), ...level(0, 10, 0, "b"), ...level(0, 10, 0, "c")];
  const shares = measure(build(hosts, { zone: "a" }), byZone);
  t.ok(isNear(shares["a"], 50), `${shares["a"]}`);
  t.ok(isNear(shares["b"], 25), `${shares["b"]}`);
  t.ok(isNear(shares["c"], 25), `${shares["c"]}`);
});

t.test("a zone that is dead gets nothing, and one that is all there is gets all", async (t) => {
  const dead = [...level(0, 0, 4, "a"), ...level(0, 10, 0, "b")];
  t.same(measure(build(dead, { zone: "a" }), byZone), { b: 100 });
  const last = [...level(0, 4, 6, "a"), ...level(0, 0, 1, "b")];
  t.same(measure(build(last, { zone: "a", panic: 0 }), byZone), { a: 100 });
});

t.test("a zone without endpoints, or no zone at all, makes no difference", async (t) => {
  const hosts = [...level(0, 5, 0, "a"), ...level(0, 5, 0, "b")];
  t.same(measure(build(hosts, { zone: "elsewhere" }), byZone), { a: 50, b: 50 });
  t.same(measure(build(hosts), byZone), { a: 50, b: 50 });
});

t.test("in panic zones are ignored as health is", async (t) => {
  const hosts = [...level(0, 1, 4, "a"), ...level(0, 1, 4, "b")];
  t.same(measure(build(hosts, { zone: "a" }), byZone), { a: 50, b: 50 });
});

t.test("zones count in each priority for itself", async (t) => {
  const hosts = [...level(0, 0, 5, "a"), ...level(1, 5, 0, "a"), ...level(1, 5, 0, "b")];
  t.same(
    measure(build(hosts, { zone: "a" }), ({ name }) => name.slice(0, 4)),
    { "p1-a": 100 },
  );
});

t.test(
  "a key keeps its endpoint when load is drawn between groups, and groups get their shares of keys",
  async (t) => {
    for (const balance of ["ring-hash", "maglev"] as const) {
      const set = build([...level(0, 7, 13), ...level(1, 10, 0)], {}, balance);
      let second = 0;
      for (const hash of keys) {
        const picked = set.pick({ hash, exclude: null })!;
        if (picked.config.priority === 1) second++;
        if (set.pick({ hash, exclude: null }) !== picked) t.fail("the key moved");
      }
      t.ok(isNear((100 * second) / keys.length, 50), `${second}`);
      // In each group keys are spread as they would be in it alone.
      const hosts = new Set(keys.map((hash) => set.pick({ hash, exclude: null })));
      t.equal(hosts.size, 17);
    }
  },
);

t.test("keys are spread over all of a group, however small a part of them it gets", async (t) => {
  for (const balance of ["ring-hash", "maglev"] as const) {
    const hosts = [...level(0, 69, 31), ...level(1, 10, 0)];
    const set = build(hosts, {}, balance);
    const second = keys
      .map((hash) => set.pick({ hash, exclude: null })!)
      .filter(({ config }) => config.priority === 1);
    const counts = tally(
      second.map((picked) => hosts.indexOf(picked) - 100),
      hosts.slice(100),
    );
    t.ok(
      worstError(
        counts,
        hosts.slice(100).map(() => 1),
      ) < 0.5,
      counts.join(),
    );
  }
});

t.test("a hash means nothing to a cluster that does not hash", async (t) => {
  const set = build([...level(0, 7, 13), ...level(1, 10, 0)]);
  const picked = new Set(Array.from({ length: 100 }, () => set.pick({ hash: 1, exclude: null })));
  t.equal(picked.size, 17);
});

t.test("an endpoint that is unhealthy moves only its own keys", async (t) => {
  const hosts = hostsOfWeight(4, 1, 1, 1, 2);
  const before = build(hosts, {}, "ring-hash");
  hosts[0]!.isHealthy = false;
  const after = build(hosts, {}, "ring-hash");
  for (const hash of keys) {
    const was = before.pick({ hash, exclude: null });
    if (was !== hosts[0] && was !== after.pick({ hash, exclude: null })) t.fail("another's key moved");
  }
  t.notOk(after.serves(hosts[0]!));
});

for (const balance of ["round-robin", "least-requests", "ewma", "ring-hash", "maglev"] as const) {
  t.test(`with ${balance} a request tries every endpoint that gets any before one again`, async (t) => {
    const set = build(
      [...level(0, 2, 3, "a"), ...level(0, 3, 0, "b"), ...level(1, 4, 0)],
      { zone: "a" },
      balance,
    );
    const eligible = set.groups.flatMap(({ endpoints }) => endpoints);
    for (let hash = 0; hash < 50; hash++) {
      const exclude = new Set<TestHost>();
      for (const _ of eligible) exclude.add(set.pick({ hash, exclude })!);
      t.equal(exclude.size, eligible.length);
      t.ok(eligible.includes(set.pick({ hash, exclude })!));
    }
  });
}

t.test("the set says whom it serves", async (t) => {
  const hosts = equalHosts(4);
  hosts[2]!.isHealthy = false;
  const set = build(hosts);
  t.same(
    hosts.map((host) => set.serves(host)),
    [true, true, false, true],
  );
});

t.test(
  "an endpoint that is left out keeps its turn, whatever becomes of the set that it was in",
  async (t) => {
    const hosts = equalHosts(3);
    const old = build(hosts);
    t.equal(old.pick(), hosts[0]);
    hosts[1]!.isHealthy = false;
    const without = build(hosts);
    t.same([without.pick(), without.pick()], [hosts[2], hosts[0]]);
    // Requests that still hold the old set take turns in it.
    t.equal(old.pick(), hosts[1]);
    hosts[1]!.isHealthy = true;
    t.equal(build(hosts).pick(), hosts[1]);
  },
);

t.test("a set that is built anew goes on with the turns and the latencies of the one before", async (t) => {
  const hosts = equalHosts(3);
  t.equal(build(hosts).pick(), hosts[0]);
  standingOf(hosts[0]!).latency.answered(50, 0);
  t.equal(build(hosts).pick(), hosts[1]);
  hosts[2]!.isHealthy = false;
  t.equal(build(hosts).pick(), hosts[0]);
  t.equal(standingOf(hosts[0]!).latency.at(0), 50);
});
