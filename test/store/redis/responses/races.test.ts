/** Machines that ask, keep, purge and lose their connections at random, all at once, with one server between them. */
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { until } from "../../../net/until.ts";
import { missing } from "../../../support/missing.ts";
import { startRedis } from "../../../support/redis-server.ts";
import { bodyOf, type Machine, startMachine } from "./machines.ts";

t.setTimeout(60_000);
const skip = missing("redis-server");

const tags = ["red", "blue", "green"];
const keys = ["a", "b", "c", "d"];
const tagsOf = (key: string) => [tags[keys.indexOf(key) % 3]!, "all"];

/** A service whose answers have versions, and everybody who asks it. */
class World {
  readonly faults: string[] = [];
  readonly counts = { found: 0, fetched: 0, purged: 0, untold: 0 };
  private readonly versions = new Map<string, number>();
  /** What is purged for good: older answers must not be given out any more. */
  private readonly least = new Map<string, number>();

  async ask(machine: Machine, key: string): Promise<void> {
    const least = Math.max(...tagsOf(key).map((tag) => this.least.get(tag) ?? 0));
    const asked = performance.now();
    const found = await machine.find(key);
    if (found !== null) {
      this.counts.found++;
      if (Number(found.meta) < least)
        this.faults.push(`${key} of version ${found.meta}, where ${least} is the least`);
      return;
    }
    this.counts.fetched++;
    // It is made at a moment of its journey.
    await sleep(Math.random() * 4);
    const meta = String(Math.max(...tagsOf(key).map((tag) => this.versions.get(tag) ?? 0)));
    await sleep(Math.random() * 4);
    const response = { key: `cache\n${key}`, meta, url: null, tags: tagsOf(key), staleSince: null };
    machine.memory.set({ ...response, body: bodyOf(`body of ${meta}`) }, { at: asked, by: null });
  }

  async purge(machine: Machine, tag: string): Promise<void> {
    const version = Math.max(0, ...this.versions.values()) + 1;
    this.versions.set(tag, version);
    const isTold = await machine.memory.purge("", { tag }, false).done;
    this.counts[isTold ? "purged" : "untold"]++;
    if (isTold) this.least.set(tag, Math.max(this.least.get(tag) ?? 0, version));
  }
}

const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(Math.random() * items.length)]!;

t.test("nobody is given from Redis what was purged before he asked", { skip }, async (t) => {
  const redis = await startRedis(t);
  const machines = await Promise.all(Array.from({ length: 4 }, () => startMachine(t, redis.port)));
  const world = new World();
  const end = performance.now() + 3000;
  const asking = machines.map(async (machine) => {
    while (performance.now() < end) {
      // Memory follows later: this is about what is in Redis.
      machine.forget();
      await world.ask(machine, pick(keys));
    }
  });
  const purging = machines.map(async (machine) => {
    while (performance.now() < end) {
      await sleep(Math.random() * 60);
      await world.purge(machine, pick([...tags, "all"]));
    }
  });
  const cutting = (async () => {
    while (performance.now() < end) {
      await sleep(300 + Math.random() * 300);
      await redis.say("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    }
  })();
  await Promise.all([...asking, ...purging, cutting]);
  t.same(world.faults, []);
  const { found, purged } = world.counts;
  t.ok(found > 100 && purged > 50, JSON.stringify(world.counts));
});

t.test("memory of all has followed a moment after the last purge", { skip }, async (t) => {
  const redis = await startRedis(t);
  const machines = await Promise.all(Array.from({ length: 4 }, () => startMachine(t, redis.port)));
  const world = new World();
  for (let round = 0; round < 4; round++) {
    const end = performance.now() + 400;
    const asking = machines.map(async (machine) => {
      while (performance.now() < end) {
        await world.ask(machine, pick(keys));
        await sleep(1);
      }
    });
    const purging = pick(machines);
    for (let time = 0; time < 10; time++) await world.purge(purging, pick(tags));
    await Promise.all(asking);
    await Promise.all(machines.map((machine) => until(() => machine.isUp)));
    await sleep(450);
    world.faults.length = 0;
    for (const machine of machines) for (const key of keys) await world.ask(machine, key);
    t.same(world.faults, []);
  }
  t.ok(world.counts.found > 100, JSON.stringify(world.counts));
});
