import type { Test } from "tap";
import { TinyLfu } from "../../../../core/store/eviction/tiny-lfu.ts";
import { type PurgeMark, purgeOf } from "../../../../core/store/redis/responses/purge-marks.ts";
import {
  RedisResponses,
  type RedisResponsesOptions,
} from "../../../../core/store/redis/responses/redis-responses.ts";
import { ResponseStore, type StoredResponse } from "../../../../core/store/responses/response-store.ts";
import { StoredBody } from "../../../../core/store/responses/stored-body.ts";
import { until } from "../../../net/until.ts";

export const bodyOf = (text: string | Buffer) => new StoredBody([Buffer.from(text)]);

/** Memory with a Redis server behind it, as one reactor has it. */
export class Machine {
  readonly memory = new ResponseStore(new TinyLfu({ capacity: 1_000_000, seed: 1 }));
  readonly shared: RedisResponses;
  /** Why the server was lost, and null when it was there again. */
  readonly states: (string | null)[] = [];
  readonly refusals: (string | null)[] = [];
  /** What others have purged. */
  readonly told: (PurgeMark | null)[] = [];

  constructor(port: number, options: Partial<RedisResponsesOptions> = {}) {
    const { memory } = this;
    this.shared = new RedisResponses({
      client: { socket: { host: "127.0.0.1", port } },
      connectTimeout: 5000,
      commandTimeout: 5000,
      keyPrefix: "sluice:",
      maxBody: 1024 * 1024,
      keep: 60_000,
      absence: 0,
      durations: { add() {}, report: () => ({ buckets: [], ms: 0 }) },
      isPurged: (labels, since) => memory.wasPurged(labels, since),
      onPurge: (mark, at) => {
        this.told.push(mark);
        const purge = mark && purgeOf(mark);
        if (purge !== null) memory.purgeHere(mark!.scope, purge, mark!.isSoft ? at : null, null);
        else if (mark !== null) memory.deletePrefixHere(mark.label);
        else memory.purgeAllHere();
      },
      onState: (lost) => void this.states.push(lost?.message ?? null),
      onRefusal: (reason) => void this.refusals.push(reason),
      ...options,
    });
    memory.second = this.shared;
  }

  get isUp(): boolean {
    return this.shared.report().isUp;
  }

  /** Keeps a response that was asked for just now, and waits until it is written. */
  async put(key: string, text: string | Buffer, more: Partial<StoredResponse> = {}): Promise<void> {
    const url = `https://a.test/${key}`;
    const response = { key: `cache\n${key}`, meta: `of ${key}`, url, tags: [], staleSince: null, ...more };
    this.memory.set({ ...response, body: bodyOf(text) });
    await this.shared.settled();
  }

  /** As a request finds it; null: it does not. */
  async find(key: string) {
    const own = `cache\n${key}`;
    const first = this.memory.get(own);
    const isOpen = first === null || this.memory.isOutdated(first);
    if (isOpen && this.memory.isElsewhere(own)) await this.memory.load(own);
    const found = this.memory.get(own);
    if (found === null || !(found.body instanceof StoredBody)) return null;
    const { meta, url, tags, staleSince } = found;
    return { meta, url, tags, staleSince, text: Buffer.concat(found.body.parts).toString() };
  }

  /** As after a restart: memory is empty. */
  forget(): void {
    this.memory.deletePrefixHere("");
  }
}

/** A machine that uses the server, ready. */
export async function startMachine(
  t: Test,
  port: number,
  options: Partial<RedisResponsesOptions> = {},
): Promise<Machine> {
  const machine = new Machine(port, options);
  t.teardown(() => machine.shared.close());
  await machine.shared.open();
  await until(() => machine.isUp);
  machine.told.length = 0;
  return machine;
}
