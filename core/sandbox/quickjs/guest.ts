import { type Guest, GuestFault, type GuestOptions } from "../engine.ts";
import { instantiate, type Pointer, type QuickJsInstance } from "./build.ts";
import { Deadline } from "./deadline.ts";
import { answerHostCall } from "./host-function.ts";
import { GuestError, Machine } from "./machine.ts";
import { type CappedMemory, createCappedMemory } from "./memory.ts";
import { prelude } from "./prelude.ts";

/** CPU time that loading may take even if the limit for one message is lower, in ms. */
const loadMs = 1000;

/** Bytes of the progress counter. */
const counterBytes = 4;

/** What a message needs; gone when the guest is. */
interface Entry {
  readonly machine: Machine;
  readonly object: Pointer;
  readonly dispatch: Pointer;
  readonly dispatchBytes: Pointer;
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
    const memory = createCappedMemory(options.limits.memoryBytes);
    const instance = await instantiate(memory.memory);
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
    this.deadline.start(Math.max(loadMs, this.options.limits.cpuMs));
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
    machine.heap.allocate(this.memory.ballast);

    const counterAt = machine.heap.allocate(counterBytes);
    machine.heap.setWord(counterAt, 0);
    this.readProgress = () => machine.heap.word(counterAt);

    const connect = machine.evaluate(prelude.code, prelude.name);
    const counter = machine.functions.QTS_NewArrayBuffer(machine.context, counterAt, counterBytes);
    const tools = machine.call(connect, machine.undefined, machine.newHostFunction(), counter);
    const host = machine.element(tools, 0);
    const progress = machine.element(tools, 1);

    const begin = machine.evaluate(runtime.code, runtime.name);
    const object = machine.call(begin, machine.undefined, host, machine.heap.newText("own"), progress);
    const load = machine.property(object, "load");
    const define = machine.evaluate(plugin.code, plugin.name);
    const problem = machine.heap.readText(machine.call(load, object, define));
    if (problem !== "") throw new GuestFault("load", problem);
    const dispatch = machine.property(object, "dispatch");
    return { machine, object, dispatch, dispatchBytes: machine.element(tools, 2) };
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
    return this.deadline.hasPassed || this.memory.isExhausted() || this.hasLostAnswer;
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
    if (this.memory.isExhausted()) {
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
