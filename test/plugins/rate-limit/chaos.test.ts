/** Two machines under load, while the server is killed, frozen, emptied of its script and started again. */
import t, { type Test } from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testStore } from "../../../core/testing/test-config.ts";
import { until } from "../../net/until.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { get } from "../../support/gateway.ts";
import { readMessage } from "../../support/message.ts";
import { missing } from "../../support/missing.ts";
import type { PolicyGateway } from "../../support/policies.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";

t.teardown(stopBundler);
const skip = missing("redis-server");

const limit = 40;
/** Times that the server is started. */
const lives = 3;

async function startMachine(t: Test, redis: RedisServer, onLoss: string): Promise<PolicyGateway> {
  const service = await startUpstream(t, () => ok("here"));
  const limits = [
    { name: "day", algorithm: "quota", limit, key: [] },
    { name: "places", algorithm: "concurrency", limit: 100, key: [] },
  ];
  const uses = [{ plugin: "rate-limit", config: { limits, store: { name: "shared", onLoss } } }];
  const stores = [testStore("shared", redis.url, { commandTimeout: 200, connectTimeout: 1000 })];
  return startBuiltInGateway(t, service.address, uses, { stores });
}

/** Asks on eight connections to each machine until it is told to stop; gives how often each status came. */
function flood(machines: readonly PolicyGateway[]) {
  const statuses = new Map<number, number>();
  let isOver = false;
  const client = async ({ connect }: PolicyGateway) => {
    const peer = await connect();
    while (!isOver) {
      peer.write(get());
      const { status } = await readMessage(peer);
      statuses.set(status!, (statuses.get(status!) ?? 0) + 1);
    }
    peer.socket.destroy();
  };
  const clients = machines.flatMap((machine) => Array.from({ length: 8 }, () => client(machine)));
  return {
    async stop() {
      isOver = true;
      await Promise.all(clients);
      return statuses;
    },
  };
}

const isUp = ({ storeMetrics }: PolicyGateway) => storeMetrics.snapshot()[0]!.up;

async function survive(t: Test, onLoss: string) {
  const redis = await startRedis(t);
  const machines = await Promise.all([1, 2].map(() => startMachine(t, redis, onLoss)));
  const load = flood(machines);
  for (let life = 1; life < lives; life++) {
    await until(async () => (await redis.calls("evalsha")) > 50);
    await redis.say("SCRIPT", "FLUSH");
    redis.signal("SIGSTOP");
    await until(() => !machines.some(isUp));
    redis.signal("SIGCONT");
    await until(() => machines.every(isUp));
    await redis.kill();
    await until(() => !machines.some(isUp));
    await redis.start();
    await until(() => machines.every(isUp));
  }
  const statuses = await load.stop();
  t.comment(onLoss, Object.fromEntries(statuses));
  for (const { lines } of machines) t.same(lines, [], "nothing was said by the policy");
  return (status: number) => statuses.get(status) ?? 0;
}

t.test("with deny each life of the server gives its limit, and nothing else passes", { skip }, async (t) => {
  const of = await survive(t, "deny");
  t.ok(of(200) <= lives * limit, `${of(200)} of ${lives * limit}`);
  t.ok(of(200) > (lives - 1) * limit - limit, "most of it was given");
  t.ok(of(503) > 0 && of(429) > 0);
  t.equal(of(500) + of(502), 0);
});

t.test("with local it is that and once the limit of each machine", { skip }, async (t) => {
  const of = await survive(t, "local");
  t.ok(of(200) <= (lives + 2) * limit, `${of(200)} of ${(lives + 2) * limit}`);
  t.ok(of(200) > 2 * limit);
  t.equal(of(500) + of(502) + of(503), 0);
});
