/** `discover` of a guest: what it may do, and what it cannot make of it. */
import type { Test } from "tap";
import type { ClusterConfig } from "../../../core/config/model.ts";
import { plainCluster } from "../../../core/config/overrides.ts";
import { readPluginAnswer } from "../../../core/discovery/plugin-answer.ts";
import type { EngineName } from "../../../core/sandbox/engine.ts";
import { get } from "../../support/gateway.ts";
import { type PolicySettings, startPolicyGateway } from "../../support/policies.ts";

interface DiscoveryCheck {
  readonly title: string;
  /** Body of `discover(config, host)`. */
  readonly code: string;
  /** `host:port weight zone priority` of each endpoint, or what the failure says. */
  readonly expected: readonly string[] | RegExp;
  readonly isAsync?: boolean;
  readonly before?: string;
  readonly limits?: { readonly wall?: number; readonly cpu?: number };
  readonly exempt?: Readonly<Partial<Record<EngineName, string>>>;
}

const one = `[{ address: "10.0.0.7:80" }]`;

const checks: readonly DiscoveryCheck[] = [
  { title: "Endpoints have their defaults", code: `return ${one};`, expected: ["10.0.0.7:80 1 null 0"] },
  {
    title: "Endpoints say what they are",
    code: `return [{ address: "10.0.0.7:80", weight: 3, zone: "a", priority: 2 }, "[fd00::1]:81", "API.svc.internal:82"];`,
    expected: ["10.0.0.7:80 3 a 2", "fd00::1:81 1 null 0", "api.svc.internal:82 1 null 0"],
  },
  { title: "There may be none", code: "return [];", expected: [] },
  {
    title: "A handler may wait, and knows its config and the cluster",
    code: "await new Promise((r) => setTimeout(r, 1)); return [{ address: config.ip + ':80', zone: host.cluster }];",
    isAsync: true,
    expected: ["10.0.0.9:80 1 app 0"],
  },
  {
    title: "A handler may keep values, count and log",
    code: `await host.kv.set("n", 1); host.log.info("x"); host.metrics.counter("c"); return [{ address: "10.0.0.7:80", weight: await host.kv.get("n") }];`,
    isAsync: true,
    expected: ["10.0.0.7:80 1 null 0"],
  },
  {
    title: "What is no list is none",
    code: "return { 0: 1, length: 1 };",
    expected: /expected a list of endpoints/,
  },
  { title: "Nothing is no list", code: "", expected: /discover returned undefined/ },
  {
    title: "What a handler throws is told",
    code: 'throw new RangeError("away");',
    expected: /RangeError: away/,
  },
  { title: "A rejection is told", code: 'await 0; throw "away";', isAsync: true, expected: /away/ },
  {
    title: "A getter that throws is a failure of the handler",
    code: 'return [{ get address() { throw new Error("trap"); } }];',
    expected: /Error: trap/,
  },
  {
    title: "A misspelt key is told",
    code: 'return [{ address: "10.0.0.7:80", wieght: 2 }];',
    expected: /endpoint 0 with wieght/,
  },
  {
    title: "Too many endpoints are none",
    code: 'return new Array(1e6).fill("10.0.0.7:80");',
    expected: /1000000 endpoints: expected at most 4096/,
  },
  {
    title: "Too much text is none",
    code: 'return new Array(4000).fill({ address: "10.0.0.7:80", zone: "z".repeat(250) });',
    expected: /characters: expected at most 500000/,
  },
  ...[
    ['"10.0.0.7:80\\r\\nx: y"', /expected an address such as/],
    ['"10.0.0.7"', /expected an address such as/],
    ['"10.0.0.7:0"', /expected an address such as/],
    ['"10.0.0.7:65536"', /expected an address such as/],
    ['"2130706433:80"', /expected an address such as/],
    ['"unix:/run/x.sock"', /expected an address such as/],
    ['"http://10.0.0.7:80"', /expected an address such as/],
    ['"10.0.0.7@10.0.0.8:80"', /expected an address such as/],
    ["{ address: 7 }", /expected an address such as/],
    ['{ address: "10.0.0.7:80", weight: 0 }', /weight: expected a whole number from 1/],
    ['{ address: "10.0.0.7:80", weight: NaN }', /weight: expected a whole number from 1/],
    ['{ address: "10.0.0.7:80", weight: 1n }', /./],
    ['{ address: "10.0.0.7:80", priority: 16 }', /priority: expected a whole number from 0 to 15/],
    ['{ address: "10.0.0.7:80", zone: "a\\nb" }', /expected the name of a zone/],
    ['"169.254.169.254:80"', /169\.254\.169\.254:80 is not among/],
    ['"127.0.0.1:9901"', /127\.0\.0\.1:9901 is not among/],
    ['"[::ffff:169.254.169.254]:80"', /is not among/],
    ['"api.internal:80"', /api\.internal:80 is not among/],
    ['"evilsvc.internal:80"', /is not among/],
  ].map(
    ([endpoint, expected]): DiscoveryCheck => ({
      title: `An endpoint that is none, or not granted, makes the answer none: ${endpoint}`,
      code: `return ["10.0.0.7:80", ${endpoint}];`,
      expected: expected as RegExp,
    }),
  ),
  {
    title: "One that never answers is left alone, and told by its signal",
    code: `host.signal.addEventListener("abort", () => host.log.warn("aborted: " + host.signal.reason.message)); return new Promise(() => {});`,
    limits: { wall: 50 },
    expected: /TimeoutError: discover took longer than 50 ms/,
  },
  {
    title: "One that goes on for ever is stopped",
    code: "while (true);",
    limits: { cpu: 50 },
    expected: /took more than/,
    exempt: { inline: "trusted code has no limits" },
  },
  ...[
    ['[["169.254.169.254:80", null, null, null]]', /169\.254\.169\.254:80 is not among/],
    ['Array(5000).fill(["10.0.0.7:80", null, null, null])', /expected at most 4096 endpoints/],
    ["Array(300_000).fill(0)", /./],
    ["[[]]", /expected an address such as/],
    [`JSON.parse('{"__proto__":[]}')`, /expected a list of endpoints/],
  ].map(
    ([value, expected]): DiscoveryCheck => ({
      title: `What a seized runtime answers is checked all the same: ${value}`,
      code: `const forged = ${value}; Array.prototype.map = () => forged; return ${one};`,
      expected: expected as RegExp,
      exempt: { inline: "its globals are the host's" },
    }),
  ),
];

/** The clusters of the test are put in its place. */
const nobody = { host: "127.0.0.1", port: 1 };

export async function checkDiscovery(t: Test, engine: EngineName): Promise<void> {
  for (const check of checks) {
    const exempt = check.exempt?.[engine];
    await t.test(check.title, { skip: exempt ?? false }, async (t) => {
      const found = discover(await start(t, engine, check), "app");
      if (check.expected instanceof RegExp) await t.rejects(found, { message: check.expected });
      else t.same(await found, check.expected);
    });
  }
  await t.test("A late answer is nobody's, and the plugin goes on", (t) => checkLateAnswers(t, engine));
}

/** The first call of each cluster answers when its time is long over; the next ones come meanwhile. */
async function checkLateAnswers(t: Test, engine: EngineName): Promise<void> {
  const gateway = await start(t, engine, {
    before: "let calls = 0; const late = [];",
    code: `calls++; if (calls === 1) return new Promise((r) => late.push(() => r(["10.9.9.9:80"])));
      for (const answer of late.splice(0)) answer();
      await new Promise((r) => setTimeout(r, 1));
      return [{ address: "10.0.0.7:80", zone: host.cluster }];`,
    isAsync: true,
    limits: { wall: 100 },
  });
  await t.rejects(discover(gateway, "app"), { message: /took longer/ });
  const found = await Promise.all([discover(gateway, "other"), discover(gateway, "app")]);
  t.same(found, [["10.0.0.7:80 1 other 0"], ["10.0.0.7:80 1 app 0"]]);
  t.equal((await gateway.ask(get("/"))).status, 503, "which is not asked has no endpoints");
}

async function start(t: Test, engine: EngineName, check: Omit<DiscoveryCheck, "title" | "expected">) {
  const discovery = { kind: "plugin", plugin: "p", every: 1000, config: { ip: "10.0.0.9" } } as const;
  const cluster = (name: string): ClusterConfig => ({ ...plainCluster(name, []), discovery });
  const settings: PolicySettings = {
    engine,
    plugins: {
      "p.ts": `${check.before ?? ""}
export default {
  config: { type: "object", properties: { ip: { type: "string" } }, required: ["ip"] },
  capabilities: { kv: true, endpoints: ["10.0.0.0/8", "fd00::/8", "*.svc.internal"] },
  ${check.isAsync ? "async " : ""}discover(config, host) { ${check.code} },
};`,
    },
    ...(check.limits && { settings: { p: { limits: check.limits } } }),
    config: (config) => ({
      ...config,
      clusters: [cluster("app"), cluster("other")],
      routes: config.routes.map((route) => ({ ...route, cluster: "app" })),
    }),
  };
  return startPolicyGateway(t, nobody, settings);
}

async function discover({ gateway }: Awaited<ReturnType<typeof start>>, cluster: string): Promise<string[]> {
  const found = readPluginAnswer(await gateway.discover(cluster));
  return found.map(
    ({ host, port, weight, zone, priority }) => `${host}:${port} ${weight} ${zone} ${priority}`,
  );
}
