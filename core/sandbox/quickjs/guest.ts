import { type Guest, GuestFault, type GuestOptions } from "../engine.ts";
import { instantiate, type Pointer, type QuickJsInstance } from "./build.ts";
import { Collector } from "./collector.ts";
import { Deadline } from "./deadline.ts";
import { answerHostCall } from "./host-function.ts";
import { GuestError, Machine } from "./machine.ts";
import { CappedMemory } from "./memory.ts";
import { prelude } from "./prelude.ts";

/** CPU time that loading and collecting may take even if the limit for one message is lower, in ms. */
const upkeepMs = 1000;

/** Bytes of the progress counter. */
const counterBytes = 4;

/** What a message needs; gone when the guest is. */
interface Entry {
  readonly machine: Machine;
  readonly object: Pointer;
  readonly dispatch: Pointer;
  readonly dispatchBytes: Pointer;
  readonly collector: Collector;
}

/** A plugin in a WebAssembly memory of its own, which is dropped whole: nothing in it is ever freed at the end. */
export class QuickJsGuest implements Guest {
  private readonly options: GuestOptions;
  private readonly memory: CappedMemory;
  private entry: Entry | undefined;
  private readonly deadline: Deadline;
  private readProgress = () => 0;
  private hasLostAnswer = false;

  private constructor(options: GuestOptions, memory: CappedMemory) {
    this.options = options;
    this.memory = memory;
    this.deadline = new Deadline(() => this.readProgress());
  }

  /**
   * Makes a guest; the plugin's top level has run when this resolves.
   *
   * @throws GuestFault
   */
  static async create(options: GuestOptions): Promise<QuickJsGuest> {
    const memory = new CappedMemory(options.limits.memoryBytes);
    const instance = await instantiate(memory.wasm);
    const guest = new QuickJsGuest(options, memory);
    guest.load(instance);
    return guest;
  }

  get isAlive(): boolean {
    return this.entry !== undefined;
  }

  dispatch(text: string, bytes?: Uint8Array): string {
    const { entry } = this;
    if (entry === undefined) throw new GuestFault("crash", `Plugin ${this.options.name} has lost its guest`);
    this.deadline.start(this.options.limits.cpuMs);
    let reply: string;
    try {
      reply = bytes === undefined ? send(entry, text) : sendBytes(entry, text, bytes);
      entry.machine.runJobs();
      if (!this.isBeyondLimits()) entry.collector.note(text.length + (bytes?.length ?? 0));
    } catch (error) {
      throw this.lose(error);
    }
    if (this.isBeyondLimits()) throw this.lose(undefined);
    return reply;
  }

  memoryUsed(): number {
    return this.entry?.machine.memoryUsed() ?? 0;
  }

  dispose(): void {
    this.entry = undefined;
  }

  private load(instance: QuickJsInstance): void {
    this.deadline.start(Math.max(upkeepMs, this.options.limits.cpuMs));
    try {
      const entry = this.start(instance);
      entry.machine.runJobs();
      if (this.isBeyondLimits()) throw this.fault(undefined);
      this.entry = entry;
    } catch (error) {
      throw error instanceof GuestFault ? error : this.fault(error, "load");
    }
  }

  private start(instance: QuickJsInstance): Entry {
    const { runtime, plugin } = this.options;
    const machine: Machine = new Machine(instance, this.deadline, (argc, argv) =>
      this.callHost(machine, argc, argv),
    );
    this.memory.takeExcess(instance.module);

    const counterAt = machine.heap.allocate(counterBytes);
    machine.heap.setWord(counterAt, 0);
    this.readProgress = () => machine.heap.word(counterAt);

    const connect = machine.evaluate(prelude.code, prelude.name);
    const counter = machine.functions.QTS_NewArrayBuffer(machine.context, counterAt, counterBytes);
    const tools = machine.call(connect, machine.undefined, machine.newHostFunction(), counter);
    machine.describeErrorsBy(machine.element(tools, 3));

    const begin = machine.evaluate(runtime.code, runtime.name);
    const realm = machine.heap.newText("own");
    const object = machine.call(
      begin,
      machine.undefined,
      machine.element(tools, 0),
      realm,
      machine.element(tools, 1),
    );
    const define = machine.evaluate(plugin.code, plugin.name);
    const problem = take(machine, machine.call(machine.property(object, "load"), object, define));
    if (problem !== "") throw new GuestFault("load", problem);
    return {
      machine,
      object,
      dispatch: machine.property(object, "dispatch"),
      dispatchBytes: machine.element(tools, 2),
      collector: this.newCollector(instance, machine, machine.element(tools, 4)),
    };
  }

  private newCollector({ module }: QuickJsInstance, machine: Machine, collect: Pointer): Collector {
    return new Collector(
      () => this.memory.hasReserve(module),
      () => {
        this.deadline.start(upkeepMs);
        machine.release(machine.call(collect, machine.undefined, machine.undefined));
      },
    );
  }

  private callHost(machine: Machine, argc: number, argv: Pointer): Pointer {
    try {
      return answerHostCall(machine, this.options.host, argc, argv);
    } catch {
      this.hasLostAnswer = true;
      return 0;
    }
  }

  private isBeyondLimits(): boolean {
    return this.deadline.hasPassed || this.memory.isExhausted || this.hasLostAnswer;
  }

  private lose(error: unknown): GuestFault {
    this.entry = undefined;
    return this.fault(error);
  }

  /** @param kind what an exception of guest code means here */
  private fault(error: unknown, kind: "load" | "crash" = "crash"): GuestFault {
    const { name, limits } = this.options;
    if (this.deadline.hasPassed) {
      return new GuestFault("cpu", `Plugin ${name} took more than ${limits.cpuMs} ms of CPU time`);
    }
    if (this.memory.isExhausted) {
      return new GuestFault("memory", `Plugin ${name} took more than ${limits.memoryBytes} bytes of memory`);
    }
    if (error instanceof GuestError) return new GuestFault(kind, error.message);
    // An abort of the WebAssembly instance, or the end of the host's stack.
    return new GuestFault("crash", `The guest of plugin ${name} broke down`);
  }
}

function send({ machine, object, dispatch }: Entry, text: string): string {
  const message = machine.heap.newText(text);
  const reply = machine.call(dispatch, object, message);
  machine.release(message);
  return take(machine, reply);
}

function sendBytes({ machine, object, dispatchBytes }: Entry, text: string, bytes: Uint8Array): string {
  const message = machine.heap.newText(text);
  const buffer = machine.heap.newBytes(bytes);
  const reply = machine.call(dispatchBytes, machine.undefined, object, message, buffer);
  machine.release(message);
  machine.release(buffer);
  return take(machine, reply);
}

function take(machine: Machine, value: Pointer): string {
  const text = machine.heap.readText(value);
  machine.release(value);
  return text;
}
