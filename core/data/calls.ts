import type { Config } from "../config/model.ts";
import type { PolicyBundle } from "../policy/bundle.ts";
import { type FinderUse, PluginLoadError, type PolicyUse } from "../policy/load-error.ts";
import type { Discovered } from "../policy/policy-set.ts";
import type { PluginProblem } from "../reload/problem.ts";
import type { PinnedValue } from "../store/kv/pinned-values.ts";
import type { Channel } from "./channel.ts";
import { loadProblem } from "./load-problem.ts";
import type {
  DataPlane,
  EndpointChange,
  ListenerAddress,
  PlaneReport,
  PurgeRequest,
  PurgeResult,
} from "./plane.ts";

/** How often a data plane says that its event loop turns, in ms. */
export const beatInterval = 100;

interface Call {
  readonly id: number;
  readonly method: keyof DataPlane;
  readonly config: Config | null;
  readonly bundle: PolicyBundle | null;
  readonly change: EndpointChange | null;
  readonly cluster: string | null;
  readonly purge: PurgeRequest | null;
  readonly pins: readonly PinnedValue[] | null;
}

type Reply = { readonly id: number; readonly result: unknown } | ({ readonly id: number } & Refusal);

/** Why a call came to nothing, as plain JSON. */
interface Refusal {
  readonly error: string;
  /** Of the plugin that is to blame. */
  readonly plugin: string | null;
  readonly problems: readonly PluginProblem[];
  /** What the plugin is needed for; null: it is not known, or nothing. */
  readonly use: PolicyUse | FinderUse | null;
}

type Message = { readonly call: Call } | { readonly reply: Reply } | { readonly beat: true };

/** Answers the calls that arrive on `channel` with `plane`. */
export function serveCalls(channel: Channel, plane: DataPlane): void {
  channel.onMessage((message) => {
    const { call } = message as { call?: Call };
    if (call !== undefined) {
      void answer(plane, call).then((reply) => channel.send({ reply } satisfies Message));
    }
  });
}

async function answer(plane: DataPlane, call: Call): Promise<Reply> {
  try {
    return { id: call.id, result: (await carryOut(plane, call)) ?? null };
  } catch (error) {
    return { id: call.id, ...refusalFrom(error, call.bundle) };
  }
}

function carryOut(
  plane: DataPlane,
  { method, config, bundle, change, cluster, purge, pins }: Call,
): Promise<unknown> {
  if (method === "setEndpoints") return plane.setEndpoints(change!);
  if (method === "discover") return plane.discover(cluster!);
  if (method === "purge") return plane.purge(purge!);
  if (method === "pin") return plane.pin(pins!);
  return plane[method](config!, bundle);
}

function refusalFrom(error: unknown, bundle: PolicyBundle | null): Refusal {
  if (error instanceof PlaneError) {
    return { error: error.message, plugin: error.plugin, problems: error.problems, use: error.use };
  }
  if (error instanceof PluginLoadError) {
    const problem = loadProblem(error, bundle);
    const problems = problem === null ? [] : [problem];
    return { error: error.message, plugin: error.plugin, problems, use: error.use };
  }
  return {
    error: error instanceof Error ? error.message : String(error),
    plugin: null,
    problems: [],
    use: null,
  };
}

export function sendBeat(channel: Channel): void {
  channel.send({ beat: true } satisfies Message);
}

/** The data plane refused a call. */
export class PlaneError extends Error {
  override readonly name = "PlaneError";
  /** The plugin that is to blame; null: it is none. */
  readonly plugin: string | null;
  /** Where its author has to look. */
  readonly problems: readonly PluginProblem[];
  /** What the plugin is needed for; null: it is not known, or nothing. */
  readonly use: PolicyUse | FinderUse | null;

  constructor({ error, plugin, problems, use }: Refusal) {
    super(error);
    this.plugin = plugin;
    this.problems = problems;
    this.use = use;
  }
}

/** The other side has gone, and with it the answer. */
export class ChannelClosed extends Error {
  override readonly name = "ChannelClosed";
}

/** The data plane at the other end of a channel. */
export class RemotePlane implements DataPlane {
  /** Told of every sign of life. */
  onBeat: () => void = () => {};
  readonly #channel: Channel;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #calls = 0;
  #closed = false;

  constructor(channel: Channel) {
    this.#channel = channel;
    channel.onMessage((message) => this.#onMessage(message as Message));
    channel.onClose(() => this.#onClose());
  }

  start(config: Config, bundle: PolicyBundle | null = null): Promise<readonly ListenerAddress[]> {
    return this.#call("start", config, bundle);
  }

  apply(config: Config, bundle: PolicyBundle | null = null): Promise<readonly ListenerAddress[]> {
    return this.#call("apply", config, bundle);
  }

  setEndpoints(change: EndpointChange): Promise<void> {
    return this.#call("setEndpoints", null, null, change);
  }

  discover(cluster: string): Promise<Discovered> {
    return this.#call("discover", null, null, null, cluster);
  }

  purge(request: PurgeRequest): Promise<PurgeResult> {
    return this.#call("purge", null, null, null, null, request);
  }

  pin(values: readonly PinnedValue[]): Promise<void> {
    return this.#call("pin", null, null, null, null, null, values);
  }

  report(): Promise<PlaneReport> {
    return this.#call("report");
  }

  drain(): Promise<void> {
    return this.#call("drain");
  }

  #call<Result>(
    method: keyof DataPlane,
    config: Config | null = null,
    bundle: PolicyBundle | null = null,
    change: EndpointChange | null = null,
    cluster: string | null = null,
    purge: PurgeRequest | null = null,
    pins: readonly PinnedValue[] | null = null,
  ): Promise<Result> {
    if (this.#closed) {
      return Promise.reject(new ChannelClosed(`Cannot call ${method}: the data plane has gone`));
    }
    const id = ++this.#calls;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#channel.send({
      call: { id, method, config, bundle, change, cluster, purge, pins },
    } satisfies Message);
    return waiting.promise as Promise<Result>;
  }

  #onMessage(message: Message): void {
    // A reply shows as well as a beat that the event loop turns.
    this.onBeat();
    if ("reply" in message) this.#settle(message.reply);
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ("error" in reply) {
      waiting?.reject(new PlaneError(reply));
    } else {
      waiting?.resolve(reply.result);
    }
  }

  #onClose(): void {
    this.#closed = true;
    for (const waiting of this.#waiting.values()) {
      waiting.reject(new ChannelClosed("The data plane ended before it answered"));
    }
    this.#waiting.clear();
  }
}
