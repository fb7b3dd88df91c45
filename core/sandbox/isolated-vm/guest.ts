import { performance } from "node:perf_hooks";
import ivm from "isolated-vm";
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import type { MessagePart } from "../../../sdk/runtime/message.ts";
import { framesOf, type Guest, GuestFault, type GuestOptions, type GuestScript, textOf } from "../engine.ts";
import { tellLostRejection } from "../lost-rejection.ts";
import { connectScript, sharedCells } from "./connect.ts";
import { hardenScript } from "./harden.ts";
import { guardHostCall } from "./host-call.ts";
import { textForGuest } from "./text.ts";
import type { Watchdog, WatchedGuest } from "./watchdog.ts";

const mebibyte = 2 ** 20;
/** The least that isolated-vm takes, in MiB. */
const leastMemory = 8;
/**
 * The top level of a plugin may take longer than a message, in ms. It holds up everybody, and half a megabyte of code
 * is through with it in 20.
 */
const leastLoadMs = 100;
/** What is kept of the message of an error that ended the load, in characters. */
const longestReason = 500;

const asReference = { reference: true } as const;
/** Arrays can be given, too. */
const copied = { arguments: { copy: true } } as const;
/** What isolated-vm says when its own time limit ends an entry. */
const timedOut = "Script execution timed out.";
/** That limit looks at the clock on the wall: a container that has used up its CPU stands still for up to so many ms. */
const slack = 100;
/** What the watchdog leaves to that limit, in ms. */
const watchdogDelay = slack + 50;
const asExternalCopy = { result: { externalCopy: true } } as const;
/** Moves memory from one heap to the other: whatever else isolated-vm does with bytes copies them twice. */
const intoPlace = { release: true, transferIn: true } as const;

type EntryOptions = Pick<ivm.ReferenceApplyOptions, "arguments" | "result" | "timeout">;

/** One isolate with one context. All of it runs on the calling thread. */
export class IsolatedVmGuest implements Guest {
  private readonly options: GuestOptions;
  private readonly isolate: ivm.Isolate;
  private readonly watchdog: Watchdog;
  private readonly watched: WatchedGuest;
  private readonly onGone: (guest: IsolatedVmGuest) => void;
  private readonly cells = new Int32Array(new SharedArrayBuffer(4 * sharedCells.length));
  private budgetMs: number;
  /** With a limit of time of isolated-vm's own; null: there is none. */
  private timed: EntryOptions | null = null;
  private runDispatch: ivm.Reference | null = null;
  private takeReply: ivm.Reference | null = null;
  private takeParcel: ivm.Reference | null = null;
  /** Why the guest is gone. */
  private fault: GuestFault | null = null;
  private isReleased = false;

  constructor(options: GuestOptions, watchdog: Watchdog, onGone: (guest: IsolatedVmGuest) => void) {
    const { cpuMs, memoryBytes } = options.limits;
    this.options = options;
    this.watchdog = watchdog;
    this.onGone = onGone;
    this.budgetMs = Math.max(cpuMs, leastLoadMs);
    this.isolate = new ivm.Isolate({ memoryLimit: Math.max(leastMemory, Math.ceil(memoryBytes / mebibyte)) });
    this.watched = watchdog.watch(this.isolate, this.cells, this.budgetMs);
    this.findsLoops = options.findsLoops ?? false;
  }

  get isAlive(): boolean {
    return this.fault === null && !this.isolate.isDisposed;
  }

  /**
   * Starts the runtime and runs the plugin's top level; once, before the first dispatch.
   *
   * @throws GuestFault; the guest is gone then
   */
  load(): void {
    const { context, load } = this.prepare("crash", () => this.startRuntime());
    const plugin = this.prepare("load", () => evaluate(context, this.options.plugin));
    const limit = this.findsLoops ? { timeout: this.timeLimit } : {};
    const failure = this.call(load, [plugin.derefInto()], limit);
    if (failure !== "") throw this.lose(new GuestFault("load", failure));
    this.budgetMs = this.options.limits.cpuMs;
    // What limits it is made anew for that budget.
    this.findsLoops = this.timed !== null;
  }

  get findsLoops(): boolean {
    return this.timed !== null;
  }

  /** isolated-vm's own limit tells where the guest was. It is one for the whole entry, and costs more than most messages. */
  set findsLoops(on: boolean) {
    this.timed = on ? { ...copied, timeout: this.timeLimit } : null;
    this.watched.setBudget(on ? this.budgetMs + watchdogDelay : this.budgetMs);
  }

  /** Of those that leave the guest, in characters. */
  private get longestText(): number {
    return Math.floor(this.options.limits.memoryBytes / 2);
  }

  /** For isolated-vm, in ms. */
  private get timeLimit(): number {
    return Math.ceil(this.budgetMs) + slack;
  }

  get progress(): number {
    return this.cells[sharedCells.progress]!;
  }

  dispatch(text: string, bytes?: Uint8Array): string {
    if (this.fault !== null) throw this.fault;
    if (this.watched.isInside) throw new Error(`Guest ${this.options.name} is entered already`);
    this.cells[sharedCells.replyEnd] = -1;
    const message = textForGuest(text);
    const reply = this.call(
      this.runDispatch!,
      bytes === undefined ? [message] : [message, given(bytes)],
      this.timed ?? copied,
    );
    const end = this.cells[sharedCells.replyEnd]!;
    if (end < 0) return reply;
    this.fetchParcel(reply.slice(end));
    return reply.slice(0, end);
  }

  dispatchParts(parts: readonly MessagePart[]): string {
    return this.dispatch(textOf(parts));
  }

  /** Completes the host call that `connectScript` put off. */
  private fetchParcel(address: string): void {
    const copy = this.enter(this.takeParcel!, [], asExternalCopy);
    const bytes: unknown = copy instanceof ivm.ExternalCopy ? copy.copy(intoPlace) : undefined;
    if (!(bytes instanceof Uint8Array)) throw this.lose(this.crash());
    const blank = address.indexOf(" ");
    const slot = Number(address.slice(0, blank));
    this.options.host(HostOp.outcome, slot, address.slice(blank + 1), bytes);
  }

  memoryUsed(): number {
    if (!this.isAlive) return 0;
    const heap = this.isolate.getHeapStatisticsSync();
    return heap.used_heap_size + heap.externally_allocated_size;
  }

  dispose(): void {
    if (this.fault === null) this.lose(new GuestFault("crash", `Guest ${this.options.name} was disposed`));
  }

  private startRuntime(): { readonly context: ivm.Context; readonly load: ivm.Reference } {
    const context = this.isolate.createContextSync();
    context.evalClosureSync(hardenScript);
    const functions = context.evalClosureSync(
      connectScript,
      [
        evaluate(context, this.options.runtime).derefInto(),
        new ivm.Callback(guardHostCall(this.options.host)),
        new ivm.ExternalCopy(this.cells).copyInto(),
        this.longestText,
      ],
      { filename: this.options.runtime.name, result: asReference },
    );
    this.runDispatch = functions.getSync("dispatch", asReference);
    this.takeReply = functions.getSync("lastReply", asReference);
    this.takeParcel = functions.getSync("takeParcel", asReference);
    return { context, load: functions.getSync("load", asReference) };
  }

  /** A step towards the first dispatch, with the fault that an error in it is. */
  private prepare<T>(kind: GuestFault["kind"], step: () => T): T {
    let reason: unknown;
    this.watched.enter();
    try {
      return step();
    } catch (error) {
      reason = error;
    } finally {
      this.watched.leave();
    }
    throw this.lose(this.limitFault() ?? new GuestFault(kind, describe(reason)));
  }

  private call(fn: ivm.Reference, args: unknown[], options?: EntryOptions): string {
    const reply = this.enter(fn, args, options);
    if (typeof reply === "string" && this.cells[sharedCells.isTooLong] === 0) return reply;
    throw this.lose(this.crash());
  }

  private enter(fn: ivm.Reference, args: unknown[], options: EntryOptions = {}): unknown {
    let reason: unknown;
    let reply: unknown;
    let endedAt: string | null = null;
    const began = options.timeout === undefined ? 0 : performance.now();
    this.watched.enter();
    try {
      return fn.applySync(undefined, args, options);
    } catch (error) {
      reason = error;
      endedAt = options.timeout === undefined ? null : endedPlace(error, began, options.timeout);
      if (endedAt === null) reply = this.withheldReply();
    } finally {
      this.watched.leave();
    }
    if (endedAt !== null) throw this.lose(this.timeFault(endedAt));
    // Of those of one entry isolated-vm tells the first. What it gives is its own copy: a primitive, or an error with texts.
    if (lengthOf(reason) > this.longestText) this.cells[sharedCells.isTooLong] = 1;
    else if (typeof reply === "string") tellLostRejection(this.options.host, reason);
    return reply;
  }

  private crash(): GuestFault {
    return this.limitFault() ?? new GuestFault("crash", `Guest ${this.options.name} crashed`);
  }

  /** The reply that isolated-vm did not give out because a rejected promise was left unhandled. */
  private withheldReply(): unknown {
    if (this.isolate.isDisposed) return undefined;
    try {
      return this.takeReply!.applySync(undefined, []);
    } catch {
      return undefined;
    }
  }

  /** Nobody but the watchdog and the memory limit disposes of an isolate that is entered. */
  private limitFault(): GuestFault | null {
    const { name, limits } = this.options;
    if (this.cells[sharedCells.isTooLong] !== 0) {
      const message = `Guest ${name} gave out a text of more than ${this.longestText} characters: it is half of its memory limit`;
      return new GuestFault("memory", message);
    }
    if (!this.isolate.isDisposed) return null;
    return this.watched.wasEnded
      ? this.timeFault()
      : new GuestFault("memory", `Guest ${name} took more than ${limits.memoryBytes} bytes of memory`);
  }

  private timeFault(stack = ""): GuestFault {
    return new GuestFault("cpu", `Guest ${this.options.name} took more than ${this.budgetMs} ms`, stack);
  }

  /** The guest is gone; the first reason stays. Its place is given back when the host has left it. */
  private lose(fault: GuestFault): GuestFault {
    this.fault ??= fault;
    disposeIsolate(this.isolate);
    if (!this.watched.isInside && !this.isReleased) {
      this.isReleased = true;
      this.watchdog.unwatch(this.watched);
      this.onGone(this);
    }
    return this.fault;
  }
}

function evaluate(context: ivm.Context, script: GuestScript): ivm.Reference {
  return context.evalSync(script.code, { filename: script.name, reference: true });
}

/** Bytes for the guest, copied once: to where they stay. */
function given(bytes: Uint8Array): unknown {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  const exact = new Uint8Array(copy.buffer);
  return new ivm.ExternalCopy(exact, { transferOut: true }).copyInto(intoPlace);
}

function disposeIsolate(isolate: ivm.Isolate): void {
  try {
    isolate.dispose();
  } catch {
    // The watchdog or the memory limit was first.
  }
}

/** The stack of a guest that isolated-vm's limit of time has ended; null: it has not. */
function endedPlace(error: unknown, began: number, timeout: number): string | null {
  // A plugin may throw what reads the same.
  if (!(error instanceof Error) || error.message !== timedOut) return null;
  return performance.now() - began < timeout - 1 ? null : framesOf(error.stack ?? "");
}

/** Of the texts of what isolated-vm has copied. */
function lengthOf(reason: unknown): number {
  if (reason instanceof Error) return reason.name.length + reason.message.length;
  return typeof reason === "string" ? reason.length : 0;
}

function describe(reason: unknown): string {
  return String(reason).slice(0, longestReason);
}
