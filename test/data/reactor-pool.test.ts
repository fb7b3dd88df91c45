/** Several reactors as the control process has them: a real data process, asked over its channel. */
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import { launch } from "#launch";
import { loadConfig } from "../../core/config/load.ts";
import type { Config, EndpointConfig } from "../../core/config/model.ts";
import { RemotePlane } from "../../core/data/calls.ts";
import { childChannel } from "../../core/data/channel.ts";
import type { PolicyBundle } from "../../core/policy/bundle.ts";
import { policyBundleFor } from "../../core/reload/policy-bundle.ts";
import { startService } from "../control/service.ts";
import { createAuthority } from "../net/certificates.ts";

t.setTimeout(60_000);

const found = `clusters: { app: { discovery: { dns: "app.internal:80" } } }
routes: [{ cluster: app, policies: [] }]
`;

/** Only the first reactor asks plugins for endpoints: the others take this config. */
const refusedByOne = `clusters:
  app: { discovery: { dns: "app.internal:80" } }
  found: { discovery: { plugin: broken } }
routes: [{ cluster: app, policies: [] }]
`;

const files = {
  "broken.ts": 'export default { discover() { return []; }, setup() { throw new Error("broken"); } };',
  "count.ts": "let n = 0;\nexport default { onRequest() { return new Response(String(++n)); } };",
  "first.ts": `export default {
  capabilities: { kv: true },
  async setup(_, host) {
    if ((await host.kv.increment("starts")) === 1) throw new Error("first");
    await new Promise((resolve) => setTimeout(resolve, 1500));
  },
  onRequest() {},
};`,
  "lag.ts": `const [Shared, wait] = (() => {}).constructor("return [SharedArrayBuffer, Atomics.wait]")();
const never = new Int32Array(new Shared(4));
export default {
  setup() { setInterval(() => wait(never, 0, 0, 180), 1); },
  onRequest() {},
};`,
};

class Pool {
  readonly #folder: string;
  #process: { readonly child: ReturnType<typeof launch>["child"]; readonly plane: RemotePlane } | null = null;

  constructor(t: Test) {
    this.#folder = mkdtempSync(join(tmpdir(), "sluice-pool-"));
    mkdirSync(join(this.#folder, "plugins"));
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(this.#folder, "plugins", name), text);
    t.teardown(() => {
      this.#process?.child.kill("SIGKILL");
      rmSync(this.#folder, { recursive: true, force: true });
    });
  }

  config(text: string, workers = 2): Config {
    const common = `workers: ${workers}
listeners: [{ address: "127.0.0.1:0" }]
accessLog: false
plugins: { directory: plugins, settings: { lag: { trusted: true }, first: { grants: { kv: true } } } }
`;
    return loadConfig(join(this.#folder, "sluice.yaml"), common + text, { env: {} });
  }

  /** Returns the URL of the first reactor, which alone listens where the system chooses the port. */
  async start(config: Config, bundle: PolicyBundle): Promise<string> {
    const { workers } = config;
    const options = { config, args: [String(workers)], env: process.env, hasPlugins: true, descriptor: null };
    const { child } = launch(options);
    this.#process = { child, plane: new RemotePlane(childChannel(child)) };
    const [listener] = await this.plane.start(config, bundle);
    return `http://127.0.0.1:${(listener!.address as { port: number }).port}`;
  }

  get plane(): RemotePlane {
    return this.#process!.plane;
  }

  /** Code that it ended with. */
  async exit(): Promise<number | null> {
    const { child } = this.#process!;
    if (child.exitCode === null) await once(child, "exit");
    return child.exitCode;
  }

  /** Of the cluster `app`, for each reactor. */
  async endpoints(): Promise<unknown> {
    const { clusters } = await this.plane.report();
    return clusters.map((reports) =>
      reports.find(({ cluster }) => cluster === "app")?.endpoints.map(({ address }) => address),
    );
  }
}

function withEndpoints(config: Config, endpoints: readonly EndpointConfig[]): Config {
  const clusters = config.clusters.map((cluster) =>
    cluster.name === "app" ? { ...cluster, endpoints } : cluster,
  );
  return { ...config, clusters };
}

function endpointOf(url: string): EndpointConfig {
  const { hostname: host, port, host: authority } = new URL(url);
  return { address: { host, port: Number(port) }, weight: 1, zone: null, priority: 0, authority };
}

async function ask(url: string): Promise<string> {
  return (await fetch(url, { headers: { connection: "close" } })).text();
}

t.test("a config that one reactor refuses takes back no endpoints that were found", async (t) => {
  const pool = new Pool(t);
  const [old, other] = [await startService(t, "old"), await startService(t, "other")].map(({ url }) =>
    endpointOf(url),
  ) as [EndpointConfig, EndpointConfig];
  const config = pool.config(found);
  const bundle = await policyBundleFor(config);
  const url = await pool.start(withEndpoints(config, [old]), bundle);
  t.equal(await ask(url), "old");
  await pool.plane.setEndpoints({ cluster: "app", endpoints: [other] });
  t.equal(await ask(url), "other");
  const refused = withEndpoints(pool.config(refusedByOne), [other]);
  await t.rejects(pool.plane.apply(refused, bundle), /in setup: broken/);
  t.equal(await ask(url), "other");
  t.same(await pool.endpoints(), [[other.authority], [other.authority]]);
});

t.test("a reactor that refuses a config goes on with its guests as they are", async (t) => {
  const pool = new Pool(t);
  const { url: service } = await startService(t);
  const config = pool.config(
    `clusters: { app: { endpoints: ["${service}"] } }\nroutes: [{ cluster: app, policies: [count] }]`,
  );
  const bundle = await policyBundleFor(config);
  const url = await pool.start(config, bundle);
  t.equal(await ask(url), "1");
  await t.rejects(pool.plane.apply(pool.config(refusedByOne), bundle), /in setup: broken/);
  t.equal(await ask(url), "2");
});

t.test("reactors that cannot go back to one config end: what was refused is told before", async (t) => {
  const pool = new Pool(t);
  const { file: ca } = createAuthority(t.testdir());
  const config = pool.config(
    `clusters:
  app: { endpoints: ["https://127.0.0.1:1"], tls: { ca: "${ca}" } }
routes: [{ cluster: app, policies: [] }]
`,
  );
  const bundle = await policyBundleFor(config);
  await pool.start(config, bundle);
  rmSync(ca);
  await t.rejects(pool.plane.apply(pool.config(refusedByOne), bundle), /in setup: broken/);
  t.equal(await pool.exit(), 1);
});

t.test("a start that one reactor refuses is over in the others before it is told", async (t) => {
  const pool = new Pool(t);
  const [refused, served] = [await startService(t), await startService(t)].map(({ url }) => endpointOf(url));
  const config = pool.config(found.replace("[]", "[first]"));
  const bundle = await policyBundleFor(config);
  await t.rejects(pool.start(withEndpoints(config, [refused!]), bundle), /Error in setup: first/);
  await pool.plane.start(withEndpoints(pool.config(found), [served!]), bundle);
  await sleep(2000);
  t.same(await pool.endpoints(), [[served!.authority], [served!.authority]]);
});

t.test("reactors that are all busy, each at its own time, beat all the same", async (t) => {
  const pool = new Pool(t);
  const config = pool.config(
    'clusters: { app: { endpoints: ["http://127.0.0.1:1"] } }\nroutes: [{ cluster: app, policies: [lag] }]',
    6,
  );
  await pool.start(config, await policyBundleFor(config));
  let beats = 0;
  pool.plane.onBeat = () => {
    beats++;
  };
  await sleep(4000);
  t.ok(beats >= 12, `${beats} beats in 4 s`);
});
