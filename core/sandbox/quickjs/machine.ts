import type { Pointer, QuickJsFunctions, QuickJsInstance } from "./build.ts";
import type { Deadline } from "./deadline.ts";
import { Heap } from "./heap.ts";

/**
 * Bytes of stack for guest code. With more, native recursion (JSON, regular expressions) overflows
 * the stack of the host before QuickJS sees it.
 */
const stackBytes = 65536;
/** Jobs that run before the deadline is looked at from outside: one of native code alone never asks. */
const jobSlice = 1000;
/** Arguments of a call to the guest, at most. */
const mostArguments = 3;

/** Bytes of the progress counter. */
const counterBytes = 4;

/** Guest code threw; the message is its error and stack, as the guest tells them. */
export class GuestError extends Error {
  override readonly name = "GuestError";
}

/**
 * Answers a call from the guest; must not throw.
 *
 * @param argv the arguments; they stay the guest's
 * @returns a value that becomes the guest's, or 0 for undefined
 */
export type HostFunction = (argc: number, argv: Pointer) => Pointer;

/** One QuickJS runtime with one realm: evaluates, calls, runs jobs. */
export class Machine {
  readonly heap: Heap;
  readonly functions: QuickJsFunctions;
  readonly context: Pointer;
  readonly undefined: Pointer;
  private readonly runtime: Pointer;
  private readonly deadline: Deadline;
  private readonly argv: Pointer;
  private readonly lastContext: Pointer;
  private readonly counterAt: Pointer;
  private describe: Pointer = 0;

  constructor(instance: QuickJsInstance, deadline: Deadline, callHost: HostFunction) {
    const { functions, module } = instance;
    this.functions = functions;
    this.deadline = deadline;
    module.callbacks = {
      callFunction: (_asyncify, _context, _self, argc, argv) => callHost(argc, argv),
      shouldInterrupt: () => (deadline.check() ? 1 : 0),
      freeHostRef() {},
      loadModuleSource: () => 0,
      normalizeModule: () => 0,
    };
    this.runtime = functions.QTS_NewRuntime();
    functions.QTS_RuntimeSetMaxStackSize(this.runtime, stackBytes);
    this.context = functions.QTS_NewContext(this.runtime, 0);
    this.undefined = functions.QTS_GetUndefined();
    this.heap = new Heap(instance, this.context);
    this.argv = this.heap.allocate(4 * mostArguments);
    this.lastContext = this.heap.allocate(4);
    this.counterAt = this.heap.allocate(counterBytes);
    this.heap.setWord(this.counterAt, 0);
    functions.QTS_RuntimeEnableInterruptHandler(this.runtime);
  }

  /** What the guest has counted in the buffer of `newCounter`. */
  get progress(): number {
    return this.heap.word(this.counterAt);
  }

  /** The memory of the progress counter as an ArrayBuffer of the guest; once. */
  newCounter(): Pointer {
    return this.functions.QTS_NewArrayBuffer(this.context, this.counterAt, counterBytes);
  }

  /** The function that the guest calls to reach the host. */
  newHostFunction(): Pointer {
    return this.functions.QTS_NewFunction(this.context, "host", 4, false, 1);
  }

  /**
   * The value of a script.
   *
   * @throws GuestError
   */
  evaluate(code: string, name: string): Pointer {
    return this.unwrap(this.heap.evaluate(code, name));
  }

  /**
   * Calls a function of the guest.
   *
   * @throws GuestError
   */
  call(
    callee: Pointer,
    self: Pointer,
    first: Pointer,
    second = this.undefined,
    third = this.undefined,
  ): Pointer {
    this.heap.setWord(this.argv, first);
    this.heap.setWord(this.argv + 4, second);
    this.heap.setWord(this.argv + 8, third);
    return this.unwrap(this.functions.QTS_Call(this.context, callee, self, mostArguments, this.argv));
  }

  /** Property of an object that the prelude or the runtime made. */
  property(object: Pointer, name: string): Pointer {
    const key = this.heap.newText(name);
    const value = this.functions.QTS_GetProp(this.context, object, key);
    this.release(key);
    return value;
  }

  element(array: Pointer, index: number): Pointer {
    return this.functions.QTS_GetPropNumber(this.context, array, index);
  }

  /** The text of a value, which is freed. */
  takeText(value: Pointer): string {
    const text = this.heap.readText(value);
    this.release(value);
    return text;
  }

  /** Frees a value. */
  release(value: Pointer): void {
    this.functions.QTS_FreeValuePointer(this.context, value);
  }

  /** Runs promise jobs until none is left or the deadline has passed. */
  runJobs(): void {
    while (this.functions.QTS_IsJobPending(this.runtime) !== 0) {
      this.release(this.functions.QTS_ExecutePendingJob(this.runtime, jobSlice, this.lastContext));
      if (this.deadline.check()) return;
    }
  }

  /** @param describe a function of the guest that makes a text of an error */
  describeErrorsBy(describe: Pointer): void {
    this.describe = describe;
  }

  private unwrap(value: Pointer): Pointer {
    const error = this.functions.QTS_ResolveException(this.context, value);
    if (error === 0) return value;
    this.release(value);
    throw new GuestError(this.explain(error));
  }

  private explain(error: Pointer): string {
    if (this.describe === 0) return this.heap.readText(error);
    this.heap.setWord(this.argv, error);
    const text = this.functions.QTS_Call(this.context, this.describe, this.undefined, 1, this.argv);
    return this.heap.readText(text);
  }
}
