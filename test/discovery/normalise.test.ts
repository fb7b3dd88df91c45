import t from "tap";
import type { DiscoveredEndpoint } from "../../core/config/traffic-model.ts";
import { canonicalHost, isSameList, mostEndpoints, normalise } from "../../core/discovery/normalise.ts";
import { Random } from "../support/random.ts";

function endpoint(host: string, port: number, more: Partial<DiscoveredEndpoint> = {}): DiscoveredEndpoint {
  return { host, port, weight: 1, zone: null, priority: 0, ...more };
}

t.test("equal sets are equal lists, whatever their order and spelling", async (t) => {
  const one = [
    endpoint("API.internal.", 80),
    endpoint("10.0.0.2", 80),
    endpoint("0:0:0:0:0:0:0:1", 80),
    endpoint("10.0.0.1", 81, { zone: "" }),
  ];
  const other = [
    endpoint("::1", 80),
    endpoint("10.0.0.1", 81),
    endpoint("api.internal", 80),
    endpoint("10.0.0.2", 80),
  ];
  t.same(normalise(one).endpoints, normalise(other).endpoints);
  t.ok(isSameList(normalise(one).endpoints, normalise(other).endpoints));
});

t.test("an address that is listed twice counts once, whichever comes first", async (t) => {
  const twice = [
    endpoint("a", 80, { priority: 1, weight: 100 }),
    endpoint("a", 80, { weight: 2, zone: "z" }),
    endpoint("a", 80, { weight: 2, zone: "b" }),
    endpoint("a", 80, { weight: 1 }),
  ];
  const random = new Random(1);
  for (let round = 0; round < 20; round++) {
    const shuffled = [...twice].sort(() => random.next() - 0.5);
    t.same(normalise(shuffled).endpoints, [endpoint("a", 80, { weight: 2, zone: "b" })]);
  }
});

t.test("a list differs when anything of an endpoint does", async (t) => {
  const list = normalise([endpoint("a", 80)]).endpoints;
  for (const more of [{ weight: 2 }, { zone: "b" }, { priority: 1 }, { port: 81 }, { host: "b" }]) {
    t.notOk(isSameList(list, normalise([endpoint("a", 80, more)]).endpoints), JSON.stringify(more));
  }
  t.notOk(isSameList(list, []));
});

t.test("weights and priorities are brought within bounds", async (t) => {
  const { endpoints } = normalise([
    endpoint("a", 80, { weight: 0, priority: -1 }),
    endpoint("b", 80, { weight: 1e9, priority: 99 }),
    endpoint("c", 80, { weight: 2.5 }),
  ]);
  t.same(
    endpoints.map(({ weight, priority }) => [weight, priority]),
    [
      [1, 0],
      [3, 0],
      [10_000, 15],
    ],
  );
});

t.test("what is no endpoint is left out and counted", async (t) => {
  const wrong = [
    endpoint("", 80),
    endpoint("a b", 80),
    endpoint("a/b", 80),
    endpoint("10.0.0.256", 80),
    endpoint("fe80::1%eth0", 80),
    endpoint("a", 0),
    endpoint("a", 65_536),
    endpoint("a", 80.5),
    endpoint("a", 80, { weight: Number.NaN }),
    endpoint("a", 80, { priority: Number.POSITIVE_INFINITY }),
    endpoint(null as unknown as string, 80),
  ];
  t.same(normalise([...wrong, endpoint("good", 80)]), {
    endpoints: [endpoint("good", 80)],
    unusable: wrong.length,
    surplus: 0,
  });
});

t.test("there are at most 4096 endpoints, the same ones whatever the order", async (t) => {
  const many = Array.from({ length: mostEndpoints + 10 }, (_, index) =>
    endpoint(`10.0.${index >> 8}.${index & 255}`, 80),
  );
  const { endpoints, surplus } = normalise(many);
  t.equal(endpoints.length, mostEndpoints);
  t.equal(surplus, 10);
  t.ok(isSameList(endpoints, normalise(many.toReversed()).endpoints));
});

t.test("canonicalHost spells equal hosts alike and knows what is none", async (t) => {
  const spelt: [string, string | null][] = [
    ["A.Internal.", "a.internal"],
    ["2001:DB8:0:0::1", "2001:db8::1"],
    ["::ffff:10.0.0.1", "::ffff:a00:1"],
    ["10.0.0.1", "10.0.0.1"],
    ["10.0.0.1.", null],
    ["a..b", null],
    [".", null],
    ["[::1]", null],
    ["a:80", null],
    ["a\nb", null],
  ];
  for (const [text, host] of spelt) t.equal(canonicalHost(text), host, JSON.stringify(text));
});
