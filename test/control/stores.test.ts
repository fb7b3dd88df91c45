/** The command with stores that machines share: counting over processes, reloads, metrics, and what is shown. */
import { Agent, createServer, request, type ServerResponse } from "node:http";
import t, { type Test } from "tap";
import { until } from "../net/until.ts";
import { listenLocally } from "../support/free-port.ts";
import { missing } from "../support/missing.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { PluginFolder } from "./plugin-folder.ts";
import { type RunningSluice, startSluice } from "./running-sluice.ts";

t.setTimeout(120_000);
const skip = missing("redis-server");

interface Settings {
  readonly workers?: number;
  readonly redis?: string;
  readonly store?: string;
  readonly limit?: string;
}

function configFor(redis: RedisServer | null, settings: Settings = {}): string {
  const { workers = 1, limit = "algorithm: quota, limit: 3", store = "shared" } = settings;
  const more = settings.redis === undefined ? "" : `, ${settings.redis}`;
  return `
workers: ${workers}
listeners: [{ name: main, address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
accessLog: false
clusters: { app: { endpoints: [http://127.0.0.1:1] } }
${redis === null ? "" : `stores: { shared: { redis: { url: ${redis.url}, commandTimeout: 10s${more} } } }`}
routes:
  - respond: { status: 200, body: "here" }
    policies:
      - plugin: rate-limit
        config: { limits: [{ ${limit}, key: [] }]${store === "" ? "" : `, store: { name: ${store}, onLoss: deny }`} }
`;
}

const start = (t: Test, folder: PluginFolder, text: string) =>
  startSluice(t, "--config", folder.write("sluice.yaml", text));

async function reloaded(sluice: RunningSluice, folder: PluginFolder, text: string, message: string) {
  const from = sluice.lines.length;
  folder.write("sluice.yaml", text);
  return sluice.line(message, from);
}

function ask(url: string, agent: Agent | false = false): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { agent }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode!));
    })
      .on("error", reject)
      .end();
  });
}

/** Ids of the connections that policies have to the server, in their order. */
async function connections(redis: RedisServer): Promise<number[]> {
  const list = await redis.say("CLIENT", "LIST");
  return [...list.matchAll(/^(?:\$\d+\r\n)?id=(\d+) .* cmd=(\S+)/gm)]
    .filter(([, , command]) => /^eval/.test(command!))
    .map(([, id]) => Number(id))
    .sort((a, b) => a - b);
}

t.test(
  "two machines with two workers each let through 300 of 1 200, and not one more",
  { skip },
  async (t) => {
    const redis = await startRedis(t);
    const text = configFor(redis, {
      workers: 2,
      limit: "algorithm: sliding-window, limit: 300, window: 3600",
    });
    const machines = [1, 2].map(() => start(t, new PluginFolder(t, {}), text));
    const urls = await Promise.all(machines.map((machine) => machine.url()));
    const client = async (index: number) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const statuses: number[] = [];
      for (let turn = 0; turn < 50; turn++) statuses.push(await ask(urls[index % 2]!, agent));
      agent.destroy();
      return statuses;
    };
    const statuses = (await Promise.all(Array.from({ length: 24 }, (_, index) => client(index)))).flat();
    t.equal(statuses.filter((status) => status === 200).length, 300);
    t.equal(statuses.filter((status) => status === 429).length, 900);
    t.equal((await connections(redis)).length, 4, "one for each worker");
    const calls = await redis.calls("evalsha");
    t.ok(calls < 1200, `${calls} calls for 1 200 requests`);
  },
);

t.test("a reload keeps the connection as long as the settings stay", { skip }, async (t) => {
  const redis = await startRedis(t);
  const folder = new PluginFolder(t, {});
  const sluice = start(t, folder, configFor(redis));
  const url = await sluice.url();
  t.same([await ask(url), await ask(url)], [200, 200]);
  const before = await connections(redis);
  t.equal(before.length, 1);

  await reloaded(
    sluice,
    folder,
    configFor(redis, { limit: "algorithm: quota, limit: 4" }),
    "Config reloaded",
  );
  t.same(await connections(redis), before, "other limits, the same connection");

  const refusal = await reloaded(
    sluice,
    folder,
    configFor(redis, { store: "other" }),
    "Config refused, the old one stays",
  );
  t.match(JSON.stringify(refusal), /There is no store other/);
  t.equal(await ask(url), 200);
  t.same(await connections(redis), before, "a reload that is refused changes nothing");

  await reloaded(sluice, folder, configFor(redis, { redis: 'keyPrefix: "next:"' }), "Config reloaded");
  await until(async () => (await connections(redis)).length === 1);
  t.not((await connections(redis))[0], before[0], "other settings, another connection");
  t.equal(await ask(url), 200);
  t.equal((await redis.list("KEYS", "next:rate-limit:q:*")).length, 1);

  await reloaded(sluice, folder, configFor(null, { store: "" }), "Config reloaded");
  await until(async () => (await connections(redis)).length === 0);
  t.equal(await ask(url), 200, "counted here");
});

t.test(
  "metrics tell how the store does, and what is shown does not tell its password",
  { skip },
  async (t) => {
    const redis = await startRedis(t, "--requirepass", "hunter-two");
    const folder = new PluginFolder(t, {});
    const sluice = start(t, folder, configFor(redis, { redis: "password: hunter-two" }));
    const url = await sluice.url();
    const admin = await sluice.adminUrl();
    const metrics = async () => (await fetch(`${admin}/metrics`)).text();
    t.same([await ask(url), await ask(url)], [200, 200]);
    const text = await metrics();
    t.match(text, /^sluice_store_up\{store="shared"\} 1$/m);
    t.match(text, /^sluice_store_operations_total\{store="shared",result="ok"\} 2$/m);
    t.match(text, /^sluice_store_operations_total\{store="shared",result="lost"\} 0$/m);
    t.match(text, /^sluice_store_call_duration_seconds_count\{store="shared"\} 2$/m);
    const shown = await (await fetch(`${admin}/config`)).text();
    t.match(shown, /"password":\s*"\*\*\*"/);

    const from = sluice.lines.length;
    await redis.kill();
    await sluice.line("Store is lost; it is tried again", from);
    t.equal(await ask(url), 503);
    const lost = await metrics();
    t.match(lost, /^sluice_store_up\{store="shared"\} 0$/m);
    t.match(lost, /^sluice_store_operations_total\{store="shared",result="lost"\} 1$/m);
    t.notMatch(JSON.stringify(sluice.lines) + sluice.stderr + shown, /hunter-two/);
  },
);

t.test("a store that is not named by the config costs nothing", { skip }, async (t) => {
  const redis = await startRedis(t);
  const folder = new PluginFolder(t, {});
  const sluice = start(t, folder, configFor(null, { store: "" }));
  t.equal(await ask(await sluice.url()), 200);
  const text = await (await fetch(`${await sluice.adminUrl()}/metrics`)).text();
  t.notMatch(text, /store="/);
  t.same(await connections(redis), []);
});

t.test("places that a killed process held come back, neither at once nor late", { skip }, async (t) => {
  const redis = await startRedis(t);
  const held = new Set<ServerResponse>();
  const service = createServer((request, response) => {
    if (request.url === "/held") held.add(response);
    else response.end("here");
  });
  const port = await listenLocally(service);
  t.teardown(() => service.close() && service.closeAllConnections());
  const hold = 3;
  const text = configFor(redis, { limit: `algorithm: concurrency, limit: 3, hold: ${hold}` })
    .replace("http://127.0.0.1:1", `http://127.0.0.1:${port}`)
    .replace('respond: { status: 200, body: "here" }', "cluster: app");
  const [doomed, other] = [1, 2].map(() => start(t, new PluginFolder(t, {}), text));
  const urls = [await doomed!.url(), await other!.url()];
  const lost = [1, 2, 3].map(() => ask(`${urls[0]}/held`).catch(() => 0));
  await until(() => held.size === 3);
  t.equal(await ask(urls[1]!), 429, "all are taken");
  const killed = performance.now();
  process.kill(doomed!.dataPid(), "SIGKILL");
  await Promise.all(lost);
  t.equal(await ask(urls[1]!), 429, "nobody gave them back");
  await until(async () => (await ask(urls[1]!)) === 200);
  const seconds = (performance.now() - killed) / 1000;
  t.ok(seconds < 2 * hold + 1, `free after ${seconds.toFixed(1)} s`);
});
