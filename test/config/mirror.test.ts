import t from "tap";
import { describeTraffic } from "../../core/cli/plan/traffic-description.ts";
import { trafficLines } from "../../core/cli/plan/traffic-text.ts";
import { loadConfig } from "../../core/config/load.ts";
import { ConfigError, formatProblem } from "../../core/config/problem.ts";
import { defaultMirror } from "../../core/config/traffic-defaults.ts";

function load(mirror: string) {
  const text = `clusters:
  app: { endpoints: ["http://127.0.0.1:3000"] }
  next: { endpoints: ["http://127.0.0.1:3001"] }
routes:
  - cluster: app
    mirror: ${mirror}
`;
  return loadConfig("sluice.yaml", text, { env: {} });
}

function problems(mirror: string): string[] {
  try {
    load(mirror);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(formatProblem);
  }
}

t.test("mirrors are resolved, and a route has none where nothing is said", async (t) => {
  t.same(load("[{ cluster: next }]").routes[0]!.mirror, [{ cluster: "next", ...defaultMirror }]);
  t.same(
    load("[{ cluster: next, share: 10%, maxBody: 1KiB, maxInFlight: 5, timeout: 1s }]").routes[0]!.mirror,
    [{ cluster: "next", share: 0.1, maxBody: 1024, maxInFlight: 5, timeout: 1000 }],
  );
  t.same(load("[]").routes[0]!.mirror, []);
  t.same(
    loadConfig("f", 'clusters: { a: { endpoints: ["http://a:1"] } }', { env: {} }).routes[0]!.mirror,
    [],
  );
});

t.test("what is wrong with mirrors is told with its place", async (t) => {
  const wrong: readonly (readonly [string, string])[] = [
    [
      "[{ cluster: nxt }]",
      'sluice.yaml:6:25: expected the name of a cluster, found "nxt" (did you mean "next"?)',
    ],
    ["[{ cluster: next }, { cluster: next }]", '6:44: expected each cluster once, found "next again"'],
    [
      "[{ cluster: next, share: 120% }]",
      '6:38: expected a share from 0 to 1, or from 0% to 100%, found "120%"',
    ],
    ["[{ cluster: next, maxBody: 17MiB }]", '6:40: expected a size from 0B to 16MiB, found "17MiB"'],
    ["[{ cluster: next, timeout: 2m }]", '6:40: expected a duration from 10ms to 1m, found "2m"'],
    ["[{ cluster: next, maxInFlight: 0 }]", "6:44: "],
    ["[{ share: 1 }]", "6:14: "],
    ["next", "6:13: "],
  ];
  for (const [mirror, expected] of wrong) {
    const found = problems(mirror);
    t.equal(found.length, 1, mirror);
    t.ok(found[0]?.includes(expected), `${found[0]}`);
  }
});

t.test("a plan says who gets copies", async (t) => {
  const { routes, clusters } = load("[{ cluster: next, share: 2.5% }]");
  const lines = trafficLines("app", describeTraffic(routes[0]!, clusters[0]!));
  t.equal(
    lines.at(-1),
    "  copies         2.5 % to next; bodies up to 64KiB; 100 at once in each worker; 5s for each",
  );
});
