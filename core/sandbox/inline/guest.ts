import { Script } from "node:vm";
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import type { MessagePart } from "../../../sdk/runtime/message.ts";
import {
  type Guest,
  type GuestEntry,
  GuestFault,
  type GuestOptions,
  type GuestScript,
  type GuestStart,
  type HostCall,
} from "../engine.ts";
import { listenFor, listenNoMore } from "./rejections.ts";

/** What a guest hears when the host's side of an operation breaks its word and throws. */
const hostFailed = "!Error:The host could not answer";
/** What is left of a guest that was disposed of hears this. */
const guestEnded = "!Error:The plugin has ended";

type PluginScript = Parameters<GuestEntry["load"]>[0];

/** A plugin in the realm of the host. Bytes are copied both ways, as they are where realms differ. */
export class InlineGuest implements Guest {
  /** Nothing ends it. */
  findsLoops = false;
  private readonly name: string;
  private readonly script: string;
  private readonly host: HostCall;
  private entry: GuestEntry | undefined;
  private hasEnded = false;
  private readonly counter = new Int32Array(1);

  /** @throws GuestFault when the plugin's top level fails */
  constructor({ name, runtime, plugin, host, counters = null }: GuestOptions) {
    this.name = name;
    this.script = plugin.name;
    this.host = host;
    listenFor(this.script, host);
    const start = evaluate<GuestStart>(runtime);
    const ownCounters = () => (this.hasEnded ? null : counters);
    const entry = start(this.callHost, "shared", this.counter, ownCounters);
    const problem = entry.load(evaluate<PluginScript>(plugin));
    if (problem === "") {
      this.entry = entry;
      return;
    }
    this.dispose();
    throw new GuestFault("load", problem);
  }

  get isAlive(): boolean {
    return this.entry !== undefined;
  }

  get progress(): number {
    return this.counter[0]!;
  }

  dispatch(text: string, bytes?: Uint8Array): string {
    const entry = this.enter();
    try {
      return entry.dispatch(text, copyOf(bytes));
    } catch (error) {
      throw this.crash(error);
    }
  }

  /** No text is made of them: what a handler does not look at costs nothing. */
  dispatchParts(parts: readonly MessagePart[]): string {
    const entry = this.enter();
    try {
      return entry.dispatchParts(parts);
    } catch (error) {
      throw this.crash(error);
    }
  }

  private enter(): GuestEntry {
    if (this.entry === undefined) throw new GuestFault("crash", `Guest ${this.name} was disposed`);
    return this.entry;
  }

  private crash(error: unknown): GuestFault {
    this.dispose();
    return new GuestFault("crash", String(error));
  }

  /** The guest's memory is part of the host's: 0. */
  memoryUsed(): number {
    return 0;
  }

  dispose(): void {
    this.entry = undefined;
    this.hasEnded = true;
    listenNoMore(this.script, this.host);
  }

  private readonly callHost: HostCall = (op, id, text, bytes) => {
    // Nobody waits for an outcome: to its handler that is no failure.
    if (this.hasEnded) return op === HostOp.outcome ? "=" : guestEnded;
    try {
      const answer = this.host(op, id, text, copyOf(bytes));
      return typeof answer === "string" ? answer : copyOf(answer);
    } catch {
      return hostFailed;
    }
  };
}

/** A plain Uint8Array of its own memory: the host has Buffers, and uses their memory again. */
function copyOf(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : new Uint8Array(bytes);
}

/** @throws GuestFault for a script that is not one */
function evaluate<Value>({ code, name }: GuestScript): Value {
  try {
    return new Script(code, { filename: name }).runInThisContext() as Value;
  } catch (error) {
    throw new GuestFault("load", String(error));
  }
}
