import type { MessagePart } from "../../../sdk/runtime/message.ts";
import { framesOf, type Guest, GuestFault, type GuestOptions, type HostCall, textOf } from "../engine.ts";
import { type Entry, loadPlugin } from "./boot.ts";
import { instantiate, type Pointer, type QuickJsInstance, type QuickJsModule } from "./build.ts";
import { Collector } from "./collector.ts";
import { Deadline } from "./deadline.ts";
import { answerHostCall } from "./host-function.ts";
import { GuestError, Machine } from "./machine.ts";
import { CappedMemory } from "./memory.ts";
import { restore, type Snapshot } from "./snapshot.ts";

/**
 * CPU time that a plugin's top level may take even if the limit for one message is lower, in ms. It holds up
 * everybody, and half a megabyte of code is through with it in 50.
 */
const leastLoadMs = 250;
/** CPU time that collecting may take, in ms. */
const collectMs = 1000;

/** A plugin in a WebAssembly memory of its own. That is dropped whole, so nothing in it is freed at the end. */
export class QuickJsGuest implements Guest {
  /** It tells always. */
  findsLoops = false;
  private readonly options: GuestOptions;
  private readonly memory: CappedMemory;
  private readonly module: QuickJsModule;
  private readonly deadline: Deadline;
  private readonly machine: Machine;
  private readonly entry: Entry;
  private readonly collector: Collector;
  private hasLostAnswer = false;
  /** Where an async function was when its time ended. */
  private lastWords = "";
  private isInside = false;
  /** Why the guest is gone. */
  private lost: GuestFault | undefined;

  /**
   * Makes a guest; the plugin's top level has run when this resolves.
   *
   * @param snapshot of the runtime of the options
   * @throws GuestFault
   */
  static async create(options: GuestOptions, snapshot: Snapshot): Promise<QuickJsGuest> {
    const memory = new CappedMemory(options.limits.memoryBytes);
    const instance = await instantiate(memory.wasm);
    restore(snapshot, instance.module.HEAPU8);
    return new QuickJsGuest(options, memory, instance, snapshot);
  }

  private constructor(
    options: GuestOptions,
    memory: CappedMemory,
    instance: QuickJsInstance,
    { layout, entry }: Snapshot,
  ) {
    this.options = options;
    this.memory = memory;
    this.module = instance.module;
    this.deadline = new Deadline(() => this.machine.progress);
    this.machine = new Machine(instance, layout, this.deadline, (argc, argv) => this.callHost(argc, argv));
    this.memory.takeExcess(instance.module);
    this.entry = entry;
    this.machine.describeErrorsBy(entry.describe);
    this.machine.seedRandom();
    this.load();
    this.collector = new Collector(
      () => memory.hasReserve(instance.module),
      () => this.collect(),
    );
  }

  get isAlive(): boolean {
    return this.lost === undefined;
  }

  get progress(): number {
    return this.machine.progress;
  }

  dispatch(text: string, bytes?: Uint8Array): string {
    if (this.lost !== undefined) throw this.lost;
    if (this.isInside) throw new Error(`Guest ${this.options.name} is entered already`);
    this.isInside = true;
    this.deadline.start(this.options.limits.cpuMs);
    let reply: string;
    try {
      reply = bytes === undefined ? this.send(text) : this.sendBytes(text, bytes);
      this.machine.runJobs();
      if (!this.isBeyondLimits()) this.collector.note(text.length + (bytes?.length ?? 0));
    } catch (error) {
      throw this.lose(this.faultOf(error));
    } finally {
      this.isInside = false;
    }
    if (this.isBeyondLimits()) throw this.lose(this.faultOf(undefined));
    return reply;
  }

  dispatchParts(parts: readonly MessagePart[]): string {
    return this.dispatch(textOf(parts));
  }

  memoryUsed(): number {
    return this.isAlive ? this.memory.used(this.module) : 0;
  }

  dispose(): void {
    this.lose(new GuestFault("crash", `Guest ${this.options.name} was disposed`));
  }

  private load(): void {
    const { machine } = this;
    this.deadline.start(Math.max(leastLoadMs, this.options.limits.cpuMs));
    let problem: unknown;
    try {
      loadPlugin(machine, this.entry, this.options.plugin);
      machine.runJobs();
    } catch (error) {
      problem = error;
    }
    if (this.isBeyondLimits()) throw this.faultOf(problem);
    if (problem !== undefined) throw problem instanceof GuestFault ? problem : this.faultOf(problem);
  }

  private send(text: string): string {
    const { machine, entry } = this;
    const message = machine.heap.newText(text);
    const reply = machine.call(entry.dispatch, entry.object, message);
    machine.release(message);
    return machine.takeText(reply);
  }

  private sendBytes(text: string, bytes: Uint8Array): string {
    const { machine, entry } = this;
    const message = machine.heap.newText(text);
    const buffer = machine.heap.newBytes(bytes);
    const reply = machine.call(entry.dispatchBytes, machine.undefined, entry.object, message, buffer);
    machine.release(message);
    machine.release(buffer);
    return machine.takeText(reply);
  }

  private collect(): void {
    const { machine, entry } = this;
    this.deadline.start(collectMs);
    machine.release(machine.call(entry.collect, machine.undefined, machine.undefined));
  }

  private callHost(argc: number, argv: Pointer): Pointer {
    try {
      return answerHostCall(this.machine, this.host, argc, argv);
    } catch {
      this.hasLostAnswer = true;
      return 0;
    }
  }

  private readonly host: HostCall = (op, id, text, bytes) => {
    const place = this.deadline.hasPassed ? endedIn(text) : "";
    if (place === "") return this.options.host(op, id, text, bytes);
    // To a promise the end is a rejection: the guest tells of it as of any other, and only this is told on.
    this.lastWords ||= place;
    return "=";
  };

  private isBeyondLimits(): boolean {
    return this.deadline.hasPassed || this.memory.isExhausted || this.hasLostAnswer;
  }

  /** The first reason stays. */
  private lose(fault: GuestFault): GuestFault {
    this.lost ??= fault;
    return this.lost;
  }

  private faultOf(error: unknown): GuestFault {
    const { name, limits } = this.options;
    const { budget, hasPassed } = this.deadline;
    if (hasPassed) {
      const stack = error instanceof GuestError ? framesOf(error.message) : this.lastWords;
      return new GuestFault("cpu", `Guest ${name} took more than ${budget} ms`, stack);
    }
    if (this.memory.isExhausted) {
      return new GuestFault("memory", `Guest ${name} took more than ${limits.memoryBytes} bytes of memory`);
    }
    if (error instanceof GuestError) return new GuestFault("crash", error.message);
    // An abort of the WebAssembly instance, or the end of the host's stack.
    return new GuestFault("crash", `Guest ${name} crashed`);
  }
}

/** The frames of a fault that is the engine's end of guest code; empty: the text says something else. */
function endedIn(text: string): string {
  if (!text.includes('"interrupted"')) return "";
  const [, stack] = /"stack":("(?:[^"\\]|\\.)*")/.exec(text) ?? [];
  return stack === undefined ? "" : framesOf(JSON.parse(stack));
}
