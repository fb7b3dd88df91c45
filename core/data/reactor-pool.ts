import { Worker } from "node:worker_threads";
import type { Config } from "../config/model.ts";
import { descriptorOf } from "../net/bound-handle.ts";
import type { PolicyBundle } from "../policy/bundle.ts";
import type { Discovered } from "../policy/policy-set.ts";
import type { PinnedValue } from "../store/kv/pinned-values.ts";
import { createStoreMemory } from "../store/shared/store-memory.ts";
import { createUpstreamMemory, type UpstreamMemory } from "../upstream/services.ts";
import { RemotePlane } from "./calls.ts";
import { type Channel, threadChannel } from "./channel.ts";
import { threadEntry } from "./entry.ts";
import type { HandleMessage } from "./handles.ts";
import type {
  DataPlane,
  EndpointChange,
  ListenerAddress,
  PlaneReport,
  PurgeRequest,
  PurgeResult,
} from "./plane.ts";
import { shareOf } from "./share.ts";
import { processUsage } from "./usage.ts";

interface Thread {
  readonly channel: Channel;
  readonly plane: RemotePlane;
}

/** What a thread is told at its start. */
export interface ReactorThreadData {
  readonly reactor: number;
  /** For how long each entry into a guest is traced, in ms; null: nothing is. */
  readonly exactTrace: number | null;
  /** Of the store that all reactors share. */
  readonly memory: SharedArrayBuffer;
  /** Of what all reactors know of endpoints and clusters. */
  readonly upstreamMemory: UpstreamMemory;
}

/**
 * Several reactors, one on each thread. They are all or nothing: a thread that fails takes
 * the process with it, and the control process starts both again.
 */
export class ReactorPool implements DataPlane {
  /** Told when the event loop of every reactor has turned since this was last told. */
  onBeat: () => void = () => {};
  readonly #threads: readonly Thread[];
  /**
   * Handles that arrived for the threads. A thread gets the descriptor's number and owns it from
   * then on; the handle object must outlive it here, or its finalizer would close the number
   * under the thread.
   */
  readonly #kept: unknown[] = [];
  /** Reactors that have beaten. The others may take longer: nobody has to beat at the same time. */
  readonly #beaten = new Set<number>();
  /** In force, with the endpoints that were found since. */
  #config: Config | null = null;
  #bundle: PolicyBundle | null = null;

  constructor(reactors: number, exactTrace: number | null) {
    const memory = createStoreMemory();
    const upstreamMemory = createUpstreamMemory();
    this.#threads = Array.from({ length: reactors }, (_, reactor) =>
      startThread({ reactor, exactTrace, memory, upstreamMemory }),
    );
    for (const [reactor, { plane }] of this.#threads.entries()) plane.onBeat = () => this.#beat(reactor);
  }

  adopt(message: HandleMessage, handle: unknown): void {
    this.#kept.push(handle);
    this.#threads[message.handle.reactor]?.channel.send({ ...message, fd: descriptorOf(handle) });
  }

  async start(config: Config, bundle: PolicyBundle | null = null): Promise<readonly ListenerAddress[]> {
    // Who is refused may ask again: none is still about to start then.
    const results = await this.#settled((plane, reactor) =>
      plane.start(this.#share(config, reactor), bundle),
    );
    const addresses = valuesOf(results);
    this.#config = config;
    this.#bundle = bundle;
    return first(addresses);
  }

  /**
   * A config that one reactor refuses is taken back from those that had accepted it, so that
   * all of them keep to one config.
   */
  async apply(config: Config, bundle: PolicyBundle | null = null): Promise<readonly ListenerAddress[]> {
    const results = await this.#settled((plane, reactor) =>
      plane.apply(this.#share(config, reactor), bundle),
    );
    const accepted = results.map(({ status }) => status === "fulfilled");
    if (accepted.includes(false)) await this.#restore(accepted);
    const addresses = valuesOf(results);
    this.#config = config;
    this.#bundle = bundle;
    return first(addresses);
  }

  async setEndpoints(change: EndpointChange): Promise<void> {
    await this.#each((plane) => plane.setEndpoints(change));
    this.#config = this.#config && withEndpoints(this.#config, change);
  }

  async pin(values: readonly PinnedValue[]): Promise<void> {
    await this.#each((plane) => plane.pin(values));
  }

  /** By the reactor that checks endpoints for all. */
  discover(cluster: string): Promise<Discovered> {
    return this.#threads[0]!.plane.discover(cluster);
  }

  async purge(request: PurgeRequest): Promise<PurgeResult> {
    const results = await this.#each((plane) => plane.purge(request));
    const count = results.reduce((sum, { count }) => sum + count, 0);
    // One that tells it is enough, but a worker that has not gives what it finds there until it has.
    const isShared = results[0]?.isShared == null ? null : results.every(({ isShared }) => isShared === true);
    return { count, isShared };
  }

  async report(): Promise<PlaneReport> {
    const reports = await this.#each((plane) => plane.report());
    return {
      snapshots: reports.flatMap((report) => report.snapshots),
      plugins: reports.flatMap((report) => report.plugins),
      clusters: reports.flatMap((report) => report.clusters),
      caches: reports.flatMap((report) => report.caches),
      ...processUsage(),
    };
  }

  async drain(): Promise<void> {
    await this.#each((plane) => plane.drain());
  }

  #beat(reactor: number): void {
    this.#beaten.add(reactor);
    if (this.#beaten.size < this.#threads.length) return;
    this.#beaten.clear();
    this.onBeat();
  }

  /**
   * If one cannot go back, the process ends when the refusal is told: the next one starts with the config in force.
   *
   * @param accepted by number of the reactor
   */
  async #restore(accepted: readonly boolean[]): Promise<void> {
    const [config, bundle] = [this.#config, this.#bundle];
    if (config === null) return;
    try {
      await this.#each(async (plane, reactor) => {
        if (accepted[reactor]) await plane.apply(this.#share(config, reactor), bundle);
      });
    } catch (cause) {
      setImmediate(() => {
        throw new Error("Cannot go back to the config in force after another was refused", { cause });
      });
    }
  }

  #each<Result>(call: (plane: RemotePlane, reactor: number) => Promise<Result>): Promise<Result[]> {
    return Promise.all(this.#threads.map(({ plane }, reactor) => call(plane, reactor)));
  }

  #settled<Result>(
    call: (plane: RemotePlane, reactor: number) => Promise<Result>,
  ): Promise<PromiseSettledResult<Result>[]> {
    return Promise.allSettled(this.#threads.map(({ plane }, reactor) => call(plane, reactor)));
  }

  #share(config: Config, reactor: number): Config {
    return shareOf(config, { reactor, reactors: this.#threads.length, hasHandles: this.#kept.length > 0 });
  }
}

function startThread(workerData: ReactorThreadData): Thread {
  const worker = new Worker(threadEntry, { workerData });
  worker.on("error", (error) => {
    throw error;
  });
  const channel = threadChannel(worker);
  return { channel, plane: new RemotePlane(channel) };
}

function withEndpoints(config: Config, { cluster: name, endpoints }: EndpointChange): Config {
  const clusters = config.clusters.map((cluster) =>
    cluster.name === name ? { ...cluster, endpoints } : cluster,
  );
  return { ...config, clusters };
}

/** @throws what the first one that refused has said */
function valuesOf<Result>(results: readonly PromiseSettledResult<Result>[]): readonly Result[] {
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

/** The first reactor listens on all addresses. */
function first(addresses: readonly (readonly ListenerAddress[])[]): readonly ListenerAddress[] {
  return addresses[0] ?? [];
}
