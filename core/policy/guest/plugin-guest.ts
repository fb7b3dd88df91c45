/**
 * One plugin's guest, seen from the host: what exchanges want of it in one turn of the event loop enters it
 * together; when it is lost it is made anew; when it is lost too often it is left alone for a while.
 */
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import { isPart, MessageKind, messageNumber, separator } from "../../../sdk/runtime/message.ts";
import type { Task, Turn } from "../../net/turn.ts";
import type { MappedStack } from "../../observe/stack-trace.ts";
import { type Guest, GuestFault, type HostCall, textOf } from "../../sandbox/engine.ts";
import { HostCallError } from "../../sandbox/host/error.ts";
import type { HostServices } from "../../sandbox/host/services.ts";
import { type Outcome, OutcomeReader, type RememberedEdits } from "../outcome.ts";
import type { Policy } from "../policy.ts";
import { type GuestCall, type GuestLoss, GuestLostError } from "./call.ts";
import { enteredPhase, handlerOf } from "./entered-phase.ts";
import { mostMessages, sliceMs } from "./entry-share.ts";
import { LateOutcomes } from "./late-outcomes.ts";
import { LoopSearch } from "./loop-search.ts";
import { GuestOperations } from "./operations.ts";
import { Quarantine } from "./quarantine.ts";
import { aloneBatch, type Batch, GuestQueue } from "./queue.ts";
import { type GuestExchange, GuestSlots, type SlotOwner } from "./slots.ts";

export interface PluginGuestOptions {
  readonly turn: Turn;
  readonly create: (host: HostCall, services: HostServices, findsLoops: boolean) => Promise<Guest>;
  /** Makes the guest's instances, by `ask`, before it takes calls. */
  readonly prepare: () => Promise<void>;
  /** Host calls for one guest. */
  readonly services: () => HostServices;
  /** @returns where the guest was; null: nobody knows */
  readonly onLost: (loss: GuestLoss) => MappedStack | null;
  /** How long, from the beginning on, it is worth its price to know where it uses up its time, in ms. */
  readonly findsLoopsFor: number;
}

/** Handlers and promises that have not ended. */
export interface UnfinishedWork {
  readonly onLog: number;
  readonly waitUntil: number;
}

/** Between two looks at what a guest has left to do, in ms. */
const longestPause = 64;
/** For an answer that a guest has at once, in ms. */
const answerTime = 1000;

export class PluginGuest implements Task {
  readonly quarantine = new Quarantine();
  private readonly options: PluginGuestOptions;
  private operations: GuestOperations | null = null;
  private guest: Guest | null = null;
  /** Whether calls may enter: the instances are there. */
  private ready = false;
  private readonly queue = new GuestQueue();
  private readonly search: LoopSearch;
  private readonly slots = new GuestSlots();
  private readonly remembered: RememberedEdits = new Map();
  private readonly late = new LateOutcomes(this.slots, () => this.schedule());
  private scheduled = false;
  /** It has had its part of the turn, and nothing enters before others have had theirs. */
  private isResting = false;
  /** Number of the turn at hand, and ms that the guest has had in it. */
  private turn = 0;
  private spent = 0;
  private losses = 0;
  private disposed = false;

  constructor(options: PluginGuestOptions) {
    this.options = options;
    this.search = new LoopSearch(performance.now() + options.findsLoopsFor);
  }

  /**
   * Makes a guest, in the place of the one there may be.
   *
   * @throws GuestFault when the plugin cannot be loaded, or what `prepare` throws
   */
  async start(): Promise<void> {
    this.drop();
    const services = this.options.services();
    this.operations = new GuestOperations(services, (id, answer) => this.complete(id, answer));
    const guest = await this.options.create(
      (op, id, text, bytes) => this.onHostCall(op, id, text, bytes),
      services,
      this.search.isOn(performance.now()),
    );
    this.guest = guest;
    await this.options.prepare();
    this.ready = true;
    if (!this.queue.isEmpty) this.schedule();
  }

  /** The guest is gone; calls wait for the next one. */
  private drop(): void {
    this.ready = false;
    this.remembered.clear();
    this.late.restart();
    this.operations?.abandon();
    this.operations = null;
    this.guest?.dispose();
    this.guest = null;
  }

  get isReady(): boolean {
    return this.ready;
  }

  /** Guests lost so far: what was begun in one of them cannot go on in the next. */
  get epoch(): number {
    return this.losses;
  }

  /** Exchanges that the guest has seen, and those of them that are not over. */
  get exchanges(): { readonly begun: number; readonly live: number } {
    return this.slots;
  }

  memoryUsed(): number {
    return this.guest?.memoryUsed() ?? 0;
  }

  // --- slots

  openSlot(owner: SlotOwner, policy: Policy): number {
    return this.slots.open(owner, policy);
  }

  /** The guest has forgotten the exchange by itself: its message said that it is the last. */
  releaseSlot(number: number): void {
    this.slots.release(number);
  }

  /** @param because what `ctx.signal` says, in words of the proxy's own; empty when the exchange ended well */
  endSlot(number: number, because: string): void {
    this.queue.cancel(number);
    if (this.guest === null) {
      this.slots.release(number);
      return;
    }
    this.slots.close(number);
    this.queue.add(MessageKind.end, messageNumber(number, 0), "", because, null, number);
    this.schedule();
  }

  exchangeOf(slot: number): GuestExchange | null {
    return this.slots.exchangeOf(slot);
  }

  // --- calls

  /**
   * Sends a message that expects an outcome (sdk/runtime/message.ts).
   *
   * @param context with the number of the instance before it; empty when the guest knows the slot
   * @param payload a message is lost, and nothing of it enters, when this or the context is no part of one (`isPart`)
   */
  call(
    call: GuestCall,
    kind: string,
    slot: number,
    flags: number,
    context: string,
    payload: string,
    bytes?: Uint8Array,
  ): void {
    if (this.quarantine.isClosed) {
      call.onLost({ cause: "quarantined", message: "Plugin is out of service after repeated faults" });
      return;
    }
    if (!isPart(payload) || !isPart(context)) {
      this.refuse(call, kind);
      return;
    }
    const number = messageNumber(slot, flags);
    if (bytes === undefined) this.queue.add(kind, number, context, payload, call, slot);
    else this.queue.addAlone(textOf([kind, number, context, payload]), bytes, call, slot);
    if (!this.ready) call.onPending();
    this.schedule();
  }

  /** Nothing that comes from outside of the host gets so far: it is the last look, and tells of a hole in those before it. */
  private refuse(call: GuestCall, kind: string): void {
    const message = "Cannot send the message: a part of it holds a separator";
    const loss: GuestLoss = { cause: "protocol", message, phase: handlerOf(kind) };
    call.onLost({ ...loss, at: this.options.onLost(loss) });
  }

  /**
   * Asks the guest itself something, at once and past the queue.
   *
   * @param kind of the message, which belongs to no exchange
   * @param time until it has to answer, in ms
   * @throws Error when the guest is lost or takes too long
   */
  async ask(kind: string, payload: string, time: number, instance = 0): Promise<Outcome> {
    if (this.guest === null) throw new Error("There is no guest");
    const slot = this.slots.open(null, null);
    const epoch = this.losses;
    const answer = Promise.withResolvers<Outcome>();
    const call: GuestCall = {
      onOutcome: (outcome) => answer.resolve(outcome),
      onPending() {},
      onLost: (loss) => answer.reject(new GuestLostError(loss)),
    };
    const timer = setTimeout(() => answer.reject(new Error(`No end after ${time} ms`)), time);
    const text = textOf([kind, messageNumber(slot, 0), `${instance}`, payload]);
    this.enter(this.guest, aloneBatch(text, undefined, call, slot));
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      if (epoch === this.losses) this.slots.release(slot);
    }
  }

  /**
   * Waits for what the guest has begun: what is queued for it, `onLog`, and what `ctx.waitUntil` was given. A guest that
   * is lost has nothing of that any more.
   *
   * @param cut ends the waiting
   * @returns what is left then; null: nothing
   */
  async finish(cut: AbortSignal): Promise<UnfinishedWork | null> {
    for (let pause = 1; this.ready; pause = Math.min(pause * 2, longestPause)) {
      const onLog = this.slots.live;
      const waitUntil = onLog > 0 && !cut.aborted ? 0 : await this.askForWork();
      if (onLog + waitUntil === 0) return null;
      if (cut.aborted) return { onLog, waitUntil };
      await sleep(pause, undefined, { signal: cut, ref: false }).catch(() => {});
    }
    return null;
  }

  private async askForWork(): Promise<number> {
    const outcome = await this.ask(MessageKind.work, "", answerTime);
    const count = outcome.kind === "json" ? outcome.value : null;
    return Number.isSafeInteger(count) ? Math.max(0, count as number) : 0;
  }

  private schedule(): void {
    if (this.scheduled || this.guest === null) return;
    this.scheduled = true;
    this.options.turn.soon(this);
  }

  /** At the end of a turn: everything that was asked in it. What the guest has told never waits for what it is to do. */
  run(): void {
    this.scheduled = false;
    if (!this.isResting) this.enterAll();
    this.late.settle();
  }

  private enterAll(): void {
    const { number } = this.options.turn;
    if (number !== this.turn) this.spent = 0;
    this.turn = number;
    while (this.guest !== null) {
      if (this.spent > sliceMs && !this.queue.isEmpty) {
        this.rest();
        return;
      }
      const batch = this.queue.take(!this.ready, this.guest.findsLoops ? 1 : mostMessages);
      if (batch === null) break;
      this.enter(this.guest, batch);
    }
  }

  private rest(): void {
    this.isResting = true;
    // Deno looks at sockets after a timer only.
    setTimeout(() => {
      this.isResting = false;
      this.schedule();
    }, 0);
  }

  private enter(guest: Guest, batch: Batch): void {
    const began = performance.now();
    const { alone, bytes, parts } = batch;
    const { progress } = guest;
    let answer: string;
    try {
      answer = alone === null ? guest.dispatchParts(parts) : guest.dispatch(alone, bytes);
    } catch (error) {
      this.spent += performance.now() - began;
      this.lose({ ...lossFrom(error), phase: enteredPhase(batch, guest.progress - progress) }, batch, 0);
      return;
    }
    if (guest.findsLoops && !this.search.isOn(began)) guest.findsLoops = false;
    const took = performance.now() - began;
    this.spent += took;
    this.queue.onEntered(batch, took);
    this.readOutcomes(answer, batch);
    this.late.settle();
  }

  private readOutcomes(answer: string, batch: Batch): void {
    const reader = new OutcomeReader(answer, 0, this.remembered);
    const { calls } = batch;
    for (let i = 0; i < calls.length; i++) {
      const call = calls[i]!;
      if (call === null) {
        // Among others that is the end of a slot.
        if (batch.alone === null) this.slots.release(batch.slots[i]!);
        continue;
      }
      if (i > 0 && reader.atEnd) {
        this.queue.putBack(batch, i);
        return;
      }
      let outcome: Outcome;
      try {
        outcome = reader.next();
      } catch (error) {
        this.lose({ cause: "protocol", message: (error as Error).message }, batch, i);
        return;
      }
      if (outcome.kind === "pending") this.late.putOff(batch.slots[i]!, call);
      else call.onOutcome(outcome, undefined);
    }
  }

  // --- from the guest

  private onHostCall(
    op: number,
    id: number,
    text: string,
    bytes: Uint8Array | undefined,
  ): string | Uint8Array | undefined {
    if (op === HostOp.outcome) {
      this.late.deliver(id, text, bytes);
      return "=";
    }
    if (op === HostOp.readBody) return this.operations!.run(op, id, text, bytes, () => this.readBody(text));
    return this.operations!.run(op, id, text, bytes, null);
  }

  private readBody(request: string): Promise<Uint8Array | string> | Uint8Array | string {
    const [side, number, form] = request.split(" ");
    const exchange = this.slots.exchangeOf(Number(number));
    if (exchange === null) {
      throw new HostCallError("InvalidStateError", "Cannot read the body: its exchange is over");
    }
    const body = exchange.owner.readBody(side === "s" ? "s" : "q", exchange.policy);
    const give = (bytes: Uint8Array) => (form === "text" ? decodeText(bytes) : copyOf(bytes));
    return body instanceof Promise ? body.then(give) : give(body);
  }

  private complete(id: number, answer: string | Uint8Array): void {
    if (this.guest === null) return;
    const [text, bytes] = typeof answer === "string" ? [answer, undefined] : ["", answer];
    this.queue.addAlone(`${MessageKind.complete}${separator}${id}${separator}${text}`, bytes, null, 0);
    this.schedule();
  }

  // --- ends

  /** @param from index of the first call of the batch that has no outcome yet */
  private lose(how: GuestLoss, batch: Batch, from: number): void {
    const lost = batch.calls.slice(from).filter((call) => call !== null);
    const wasReady = this.ready;
    lost.push(...this.forgetAll());
    const now = performance.now();
    this.quarantine.onFault(now);
    this.search.onLost(how.cause, now);
    const loss = { ...how, at: this.options.onLost(how) };
    // One that is being made is its maker's to try again.
    if (wasReady && !this.disposed) void this.rebuild();
    for (const call of lost) call.onLost(loss);
  }

  /** Returns the calls that wait for an outcome. */
  private forgetAll(): GuestCall[] {
    const waiting = [...this.queue.clear(), ...this.slots.clear()];
    this.drop();
    this.losses++;
    this.late.clear();
    return waiting;
  }

  private async rebuild(): Promise<void> {
    const wait = this.quarantine.wait;
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait).unref());
    if (this.disposed) return;
    const { losses } = this;
    try {
      await this.start();
    } catch (error) {
      const loss = lossFrom(error);
      // It has told so by itself.
      const wasLost = losses !== this.losses;
      // Nobody knows when there will be a guest again.
      const waiting = this.forgetAll();
      this.quarantine.onFailedStart(performance.now(), wasLost);
      if (!wasLost) this.options.onLost(loss);
      for (const call of waiting) call.onLost(loss);
      void this.rebuild();
      return;
    }
    if (this.disposed) this.drop();
    else this.quarantine.open();
  }

  dispose(): void {
    this.disposed = true;
    const loss: GuestLoss = { cause: "crash", message: "The plugin has ended" };
    for (const call of this.forgetAll()) call.onLost(loss);
  }
}

function decodeText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** The original goes on its way unless the guest replaces it. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function lossFrom(error: unknown): GuestLoss {
  if (!(error instanceof GuestFault)) return { cause: "crash", message: String(error) };
  const { kind, message, guestStack } = error;
  return { cause: kind === "load" ? "crash" : kind, message, guestStack };
}
