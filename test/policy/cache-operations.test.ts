/** What a guest may have the host keep by `ctx.cache`. */
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import t from "tap";
import type { Recording } from "../../core/policy/body/recording.ts";
import type { GuestFacts, SharedServices } from "../../core/policy/guest/services.ts";
import { cacheOperations } from "../../core/policy/operations/cache.ts";
import { HostCallError } from "../../core/sandbox/host/error.ts";
import { Operation } from "../../core/sandbox/host/services.ts";
import { TinyLfu } from "../../core/store/eviction/tiny-lfu.ts";
import { ResponseStore } from "../../core/store/responses/response-store.ts";
import { HostOp } from "../../sdk/runtime/host-op.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const MiB = 2 ** 20;

/** Bytes. What a weak reference was asked for stays for the rest of the turn. */
async function held(): Promise<number> {
  await setImmediate();
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** @param capacity of the store, in bytes */
function start(capacity: number) {
  const responses = new ResponseStore(new TinyLfu({ capacity, seed: 1 }));
  const recordings: Recording[] = [];
  const record = (recording: Recording) => {
    recordings.push(recording);
    return null;
  };
  const facts = {
    plugin: "p",
    grants: { cache: true },
    exchangeOf: (slot: number) => (slot === 1 ? { owner: { askedAt: 0, record }, policy: {} } : null),
  } as unknown as GuestFacts;
  const { handlers } = cacheOperations({ responses } as SharedServices, facts);
  const call = (op: number, text: string, bytes?: Uint8Array) => handlers[op]!(text, bytes, new Operation(0));
  return { call, responses, recordings };
}

const head = (key: string, tags: readonly string[], url: string | null = null) =>
  JSON.stringify([key, url, tags, null, null]);

t.test("tags are few and short", async (t) => {
  const { call } = start(MiB);
  const set = (tags: readonly string[]) => call(HostOp.cacheSet, `0 ${head("k", tags)}\nmeta`);
  const refused = (message: string) => new HostCallError("QuotaExceededError", message);
  t.throws(() => set(new Array(150_000).fill("")), refused("Cannot store: more than 1024 tags"));
  t.throws(() => set(new Array(1025).fill("")), refused("Cannot store: more than 1024 tags"));
  t.throws(() => set(["x".repeat(16_385)]), refused("Cannot store: more than 16384 characters of tags"));
  t.equal(set(new Array(1024).fill("sixteen letters!")), "1");
  t.throws(() => call(HostOp.cacheSet, `0 ${head("k", [])}\n${"m".repeat(128 * 1024 + 1)}`), /of meta$/);
});

t.test("what is kept takes no more memory than is counted, whatever it consists of", async (t) => {
  const most = 8 * MiB;
  const floods: Readonly<Record<string, (i: number) => Parameters<ReturnType<typeof start>["call"]>>> = {
    "empty tags": (i) => [HostOp.cacheSet, `0 ${head(`${i}`, new Array(1000).fill(""))}\n`],
    "tags of its own": (i) => [
      HostOp.cacheSet,
      `0 ${head(
        `${i}`,
        Array.from({ length: 1000 }, (_, j) => `${i} ${j}`),
      )}\n`,
    ],
    "escaped keys and URLs": (i) => [
      HostOp.cacheSet,
      `0 ${head(i + "\0".repeat(32_000), [], "\0".repeat(32_000))}\n${"\u4e00".repeat(20)}`,
    ],
    "tiny bodies between large ones": (i) => [
      HostOp.cacheSet,
      `0 ${head(i % 2 === 0 ? `${i}` : "large", [])}\n`,
      new Uint8Array(i % 2 === 0 ? 1 : 4000),
    ],
  };
  for (const [title, flood] of Object.entries(floods)) {
    const before = await held();
    const { call, responses } = start(most);
    for (let i = 0; i < 20_000 && responses.report().evictions < 50; i++) call(...flood(i));
    const taken = (await held()) - before;
    t.ok(taken < 1.5 * most, `${title}: ${Math.round(taken / MiB)} MiB in ${responses.size} entries`);
    call(HostOp.cacheDeleteAll, "0 p");
  }
});

t.test("what is said of responses that are being recorded is bounded with their bodies", async (t) => {
  const { call, recordings } = start(MiB);
  const meta = "m".repeat(128 * 1024);
  const answers = Array.from({ length: 1000 }, (_, i) =>
    call(HostOp.cacheRecord, `1 1000 0 ${head(`${i}`, [])}\n${meta}`),
  );
  t.ok(recordings.length > 100 && recordings.length <= 256, `${recordings.length} recordings`);
  t.equal(await answers.at(-1), "0");
  for (const recording of recordings) recording.cancel();
  t.equal(await answers[0], "0");
  const again = call(HostOp.cacheRecord, `1 1000 0 ${head("k", [])}\n`);
  recordings.at(-1)!.add(Buffer.from("body"));
  recordings.at(-1)!.end();
  t.equal(await again, "1", "there is room again");
});

t.test("purges are remembered in little memory, and no exchange for them", async (t) => {
  const before = await held();
  const { call, responses } = start(MiB);
  const last = "\u4e00".repeat(32_000);
  for (let i = 0; i < 2000; i++) call(HostOp.cacheDeleteAll, `0 t${i}${last}`);
  const taken = (await held()) - before;
  t.ok(taken < 16 * MiB, `${Math.round(taken / MiB)} MiB`);
  for (let i = 0; i < 200; i++) {
    const by = { large: Buffer.alloc(MiB) };
    responses.purge("p\n", { tag: `t${i}` }, false, { at: 0, by });
  }
  t.ok((await held()) - before < 32 * MiB);
  t.equal(responses.size, 0);
});
