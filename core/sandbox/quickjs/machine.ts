import type { Pointer, QuickJsFunctions, QuickJsInstance } from "./build.ts";
import type { Deadline } from "./deadline.ts";
import { Heap } from "./heap.ts";
import { counterBytes, type Layout, mostArguments, seedBytes } from "./layout.ts";
import { PollPace } from "./polls.ts";

/** Jobs that run before the deadline is looked at from outside: one of native code alone never asks. */
const jobSlice = 1000;
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
  private readonly layout: Layout;
  private readonly deadline: Deadline;
  private readonly pace = new PollPace();
  private describe: Pointer = 0;

  constructor(instance: QuickJsInstance, layout: Layout, deadline: Deadline, callHost: HostFunction) {
    const { functions, module } = instance;
    this.functions = functions;
    this.layout = layout;
    this.deadline = deadline;
    this.context = layout.context;
    this.undefined = functions.QTS_GetUndefined();
    this.heap = new Heap(instance, layout);
    module.callbacks = {
      callFunction: (_asyncify, _context, _self, argc, argv) => callHost(argc, argv),
      shouldInterrupt: () => this.shouldInterrupt(),
      freeHostRef() {},
      loadModuleSource: () => 0,
      normalizeModule: () => 0,
    };
  }

  private shouldInterrupt(): 0 | 1 {
    if (this.deadline.check()) {
      // An async function makes a rejection of what ends others, and its caller goes on: asked at once, it ends as well.
      this.heap.setWord(this.layout.polls, 1);
      return 1;
    }
    this.pace.onQuestion(performance.now());
    this.heap.setWord(this.layout.polls, this.pace.polls);
    return 0;
  }

  /** What the guest has counted. */
  get progress(): number {
    return this.heap.word(this.layout.counter);
  }

  /** What the prelude is given: the way to the host, and memory that the host sees as well. Once. */
  newHostSide(): { readonly host: Pointer; readonly counter: Pointer; readonly seed: Pointer } {
    const { functions, context, layout } = this;
    return {
      host: functions.QTS_NewFunction(context, "host", 4, false, 1),
      counter: functions.QTS_NewArrayBuffer(context, layout.counter, counterBytes),
      seed: functions.QTS_NewArrayBuffer(context, layout.seed, seedBytes),
    };
  }

  /** Where Math.random goes on from: guests of one snapshot are not to draw the same numbers. */
  seedRandom(): void {
    for (let at = 0; at < seedBytes; at += 4) {
      this.heap.setWord(this.layout.seed + at, 1 + Math.floor(Math.random() * 0x7fffffff));
    }
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
    this.heap.setWord(this.layout.argv, first);
    this.heap.setWord(this.layout.argv + 4, second);
    this.heap.setWord(this.layout.argv + 8, third);
    return this.unwrap(this.functions.QTS_Call(this.context, callee, self, mostArguments, this.layout.argv));
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
    while (this.functions.QTS_IsJobPending(this.layout.runtime) !== 0) {
      this.release(
        this.functions.QTS_ExecutePendingJob(this.layout.runtime, jobSlice, this.layout.lastContext),
      );
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
    this.heap.setWord(this.layout.argv, error);
    const text = this.functions.QTS_Call(this.context, this.describe, this.undefined, 1, this.layout.argv);
    return this.heap.readText(text);
  }
}
