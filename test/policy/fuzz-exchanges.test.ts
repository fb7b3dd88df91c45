/**
 * Random exchanges through random policies: what arrives at either end is what the docs say, each byte in the exchange that it belongs to.
 * `FUZZ_SEED` repeats a failure or begins elsewhere, `FUZZ_DURATION` (ms) makes it longer, `FUZZ_ENGINE` names the engine.
 */
import t, { type Test } from "tap";
import type { Address, Config } from "../../core/config/model.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { engines } from "../support/each-engine.ts";
import { nothingHeld, untilNothingHeld } from "../support/holdings.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { Random } from "../support/random.ts";
import { retrying } from "../upstream/endpoints.ts";
import { runConnection } from "./exchanges/ask.ts";
import { type GatewayPlan, planGateway, respondText } from "./exchanges/plan.ts";
import { checkArrivals, Run } from "./exchanges/run.ts";
import { startService } from "./exchanges/service.ts";

t.teardown(stopBundler);
t.setTimeout(3_600_000);

/** All in ms. */
const duration = Number(process.env["FUZZ_DURATION"] ?? 10_000);
const patience = 6000;
const wanted = process.env["FUZZ_ENGINE"] as EngineName | undefined;
const firstSeed = Number(process.env["FUZZ_SEED"] ?? 1);

t.test(`each exchange has its own bytes and no others (FUZZ_SEED=${firstSeed})`, async (t) => {
  const end = performance.now() + duration;
  let [gateways, exchanges] = [0, 0];
  for (; gateways === 0 || performance.now() < end; gateways++) {
    const seed = firstSeed + gateways;
    const plan = planGateway(new Random(seed));
    // The others take longer to start; every sixth is enough for what differs in them.
    const engine = wanted ?? (seed % 6 === 0 ? engines[1 + ((seed / 6) % (engines.length - 1))]! : "inline");
    await t.test(`FUZZ_SEED=${seed}, on ${engine}`, (t) => runPlan(t, plan, engine));
    exchanges += plan.connections.flat().length;
    if (!t.passing()) break;
  }
  t.comment(`${gateways} gateways, ${exchanges} exchanges`);
});

async function runPlan(t: Test, plan: GatewayPlan, engine: EngineName): Promise<void> {
  const run = new Run(plan);
  const [main, second, copies] = await Promise.all(
    ["main", "second", "copies"].map((name) => startService(t, run, name)),
  );
  const gateway = await startPolicyGateway(t, main!, {
    engine,
    plugins: Object.fromEntries(
      Object.entries(plan.plugins).map(([name, { behaviour }]) => [
        `${name}.ts`,
        `export default { ${behaviour.members} };`,
      ]),
    ),
    timeouts: { head: 3000, bodyIdle: 3000, keepAlive: 3000 },
    clusterTimeouts: { poolIdle: 100 },
    config: (config) => configOf(plan, config, { main: main!, second: second!, copies: copies! }),
  });
  await Promise.all(plan.connections.map((exchanges) => runConnection(gateway, run, exchanges)));
  const held = await untilNothingHeld(gateway, patience);
  for (const exchange of run.exchanges.values()) checkArrivals(run, exchange);
  if (run.faults.length > 0) {
    t.comment(
      Object.entries(plan.plugins)
        .map(([plugin, { name }]) => `${plugin}: ${name}`)
        .join(", "),
    );
    t.comment(JSON.stringify(plan.routes));
  }
  t.strictSame(run.faults, []);
  t.strictSame(held, nothingHeld, "nothing is held");
  await gateway.gateway.close();
}

function configOf(plan: GatewayPlan, config: Config, addresses: Readonly<Record<string, Address>>): Config {
  const [route, cluster] = [config.routes[0]!, config.clusters[0]!];
  const clusters = Object.entries(addresses).map(([name, address]) => ({
    ...cluster,
    name,
    outlier: null,
    retryBudget: { ratio: 1, minimum: 1000 },
    endpoints: [{ ...cluster.endpoints[0]!, address }],
  }));
  const mirror = { cluster: "copies", share: 1, timeout: 5000, maxInFlight: 64, maxBody: 100_000 };
  const routes = plan.routes.map(({ path, policies, responds, retries, mirrors }) => ({
    ...route,
    name: path.slice(1),
    match: { ...route.match, path: { kind: "prefix", value: path } as const },
    cluster: responds ? null : "main",
    respond: responds ? { status: 200, headers: [], body: respondText } : null,
    retry: retries ? retrying({ anyMethod: true }) : null,
    mirror: mirrors && !responds ? [mirror] : [],
    policies: policies.map((plugin) => ({ plugin, config: null })),
  }));
  return { ...config, clusters, routes };
}
