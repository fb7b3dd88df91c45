/** A Redis that is lost, slow, full, emptied or set back: misses, and nothing that was purged. */
import t, { type Test } from "tap";
import { until } from "../../../net/until.ts";
import { missing } from "../../../support/missing.ts";
import { type RedisServer, startRedis } from "../../../support/redis-server.ts";
import { type Machine, startMachine } from "./machines.ts";

t.setTimeout(60_000);
const skip = missing("redis-server");

const tag = (machine: Machine, tag: string) => machine.memory.purge("", { tag }, false).done!;

/** Purges that were told before do not count. */
async function settled(t: Test, redis: RedisServer, options = {}): Promise<[Machine, Machine]> {
  return [await startMachine(t, redis.port, options), await startMachine(t, redis.port, options)];
}

t.test("without a server nobody waits, and everything is there again with it", { skip }, async (t) => {
  const redis = await startRedis(t);
  const [one, other] = await settled(t, redis);
  await one.put("k", "x");
  await redis.kill();
  await until(() => !one.isUp && !other.isUp);
  const begun = performance.now();
  for (let index = 0; index < 1000; index++) t.equal(await other.find(`n${index}`), null);
  t.ok(performance.now() - begun < 2000);
  t.equal(other.shared.report().lost, 1000);
  await one.put("meanwhile", "x");
  t.equal((await one.find("meanwhile"))?.text, "x", "in memory");
  await redis.start();
  await until(() => one.isUp && other.isUp);
  await one.put("later", "x");
  t.equal((await other.find("later"))?.text, "x");
  t.equal(one.states[0], null);
  t.type(one.states[1], "string");
  t.equal(one.states.at(-1), null);
});

t.test(
  "what was purged without the server is told when it is back, before anything is given out",
  { skip },
  async (t) => {
    const redis = await startRedis(t, "--save", "3600 1");
    const [one, other] = await settled(t, redis);
    await one.put("red", "x", { tags: ["red"] });
    await one.put("blue", "x", { tags: ["blue"] });
    await one.put("gone", "x");
    await other.find("red");
    await redis.say("SAVE");
    await redis.kill();
    await until(() => !one.isUp && !other.isUp);
    t.equal(await tag(one, "red"), false);
    one.memory.delete("cache\ngone");
    t.equal((await other.find("red"))?.text, "x", "it cannot know");
    await redis.start();
    await until(() => one.isUp && other.isUp);
    await until(async () => (await other.find("red")) === null);
    one.forget();
    t.same([await one.find("red"), await one.find("gone"), await other.find("gone")], [null, null, null]);
    t.equal((await one.find("blue"))?.text, "x");
  },
);

t.test("more purges than can wait to be told purge everything", { skip }, async (t) => {
  const redis = await startRedis(t, "--save", "3600 1");
  const [one, other] = await settled(t, redis);
  await one.put("k", "x");
  await other.find("k");
  await redis.say("SAVE");
  await redis.kill();
  await until(() => !one.isUp && !other.isUp);
  for (let index = 0; index < 1100; index++) t.equal(await tag(one, `t${index}`), false);
  await redis.start();
  await until(async () => one.isUp && other.isUp && (await other.find("k")) === null);
});

t.test("a server that stops answering costs a look-up its time, and then nothing", { skip }, async (t) => {
  const redis = await startRedis(t);
  const [one] = await settled(t, redis, { commandTimeout: 300, connectTimeout: 300 });
  await one.put("k", "x");
  one.forget();
  redis.signal("SIGSTOP");
  const begun = performance.now();
  t.same(
    await Promise.all(Array.from({ length: 20 }, (_, index) => one.find(`n${index}`))),
    Array(20).fill(null),
  );
  const took = performance.now() - begun;
  t.ok(took >= 290 && took < 3000, `${took} ms`);
  await until(() => !one.isUp);
  t.equal(await one.find("k"), null);
  redis.signal("SIGCONT");
  await until(() => one.isUp);
  t.equal((await one.find("k"))?.text, "x");
});

t.test("a full server takes no responses, and gives those that it has", { skip }, async (t) => {
  const redis = await startRedis(t, "--maxmemory-policy", "noeviction");
  const [one, other] = await settled(t, redis);
  await one.put("k", "x", { tags: ["red"] });
  await redis.say("CONFIG", "SET", "maxmemory", "1");
  await one.put("big", "x");
  await until(() => one.refusals.length === 1);
  t.match(one.refusals[0], /OOM/);
  t.equal((await other.find("k"))?.text, "x");
  t.equal(await tag(one, "red"), false, "it takes no purges either");
  t.equal(await one.find("k"), null);
  await redis.say("CONFIG", "SET", "maxmemory", "0");
  await until(() => one.isUp);
  other.forget();
  t.equal(await other.find("k"), null, "it has taken it now");
  await until(async () => {
    await one.put("again", "x");
    return one.refusals.length === 2;
  });
  t.equal(one.refusals[1], null);
});

t.test(
  "a server that is emptied, or forgets its list of purges, forgets all responses",
  { skip },
  async (t) => {
    const redis = await startRedis(t);
    const [one, other] = await settled(t, redis);
    const losses = [
      ["FLUSHALL"],
      ["DEL", "sluice:cache:purges"],
      ["DEL", "sluice:cache:purges:log"],
      ["SET", "sluice:cache:purges", "rubbish"],
      ["SET", "sluice:cache:purges", "3 1"],
      ["SET", "sluice:cache:purges", "9999999999999999 0"],
      ["SET", "sluice:cache:purges:log", "no list"],
    ];
    for (const loss of losses) {
      await one.put("k", "x", { tags: ["red"] });
      t.ok(await tag(one, "red"));
      await one.put("young", "x");
      const entry = (await redis.list("KEYS", "sluice:cache:response:*")).length;
      t.ok(entry > 0);
      await redis.say(...loss);
      if (loss[1] === "sluice:cache:purges:log") t.ok(await tag(other, "else"), "who purges next finds out");
      one.forget();
      other.forget();
      t.equal(await other.find("k"), null, loss.join(" "));
      t.equal(await one.find("k"), null);
      t.equal(await other.find("young"), null);
      await until(() => one.isUp && other.isUp);
      await until(async () => {
        await one.put("after", "x");
        other.forget();
        return (await other.find("after"))?.text === "x";
      });
    }
  },
);

t.test(
  "a server that comes back from an old copy gives out nothing that was purged since",
  { skip },
  async (t) => {
    const redis = await startRedis(t, "--save", "3600 1");
    const [one, other] = await settled(t, redis);
    await one.put("k", "x", { tags: ["red"] });
    await redis.say("SAVE");
    t.ok(await tag(one, "red"));
    await until(() => other.told.length === 1);
    await redis.kill();
    await until(() => !one.isUp && !other.isUp);
    await redis.start();
    t.match(await redis.say("ZRANGE", "sluice:cache:purges:log", "0", "-1"), /\*\d/);
    await until(() => other.isUp);
    t.equal(await other.find("k"), null);
    const late = await startMachine(t, redis.port);
    t.equal(await late.find("k"), null, "who comes later does not get it either");
  },
);
