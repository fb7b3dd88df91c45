/**
 * One plugin's guest, seen from the host: what exchanges want of it in one turn of the event loop enters it
 * together; when it is lost it is made anew; when it is lost too often it is left alone for a while.
 */
import { HostOp } from "../../sdk/runtime/host-op.ts";
import { MessageKind, separator } from "../../sdk/runtime/message.ts";
import type { Task, Turn } from "../net/turn.ts";
import { type Guest, GuestFault, type HostCall } from "../sandbox/engine.ts";
import { HostCallError } from "../sandbox/host/error.ts";
import type { HostServices } from "../sandbox/host/services.ts";
import { EntryShare, sliceMs } from "./entry-share.ts";
import { GuestOperations } from "./guest-operations.ts";
import { type Outcome, OutcomeReader } from "./outcome.ts";
import type { Policy } from "./policy.ts";
import { Quarantine } from "./quarantine.ts";

/** One message to a guest, and who waits for what comes of it. */
export interface GuestCall {
  /** Two things of one exchange may be under way in a guest: one about its request, one about its response. */
  readonly side: CallSide;
  onOutcome(outcome: Outcome, bytes: Uint8Array | undefined): void;
  /** The handler goes on after the entry. */
  onPending(): void;
  /** There will be no outcome: the guest is lost, or out of service. */
  onLost(loss: GuestLoss): void;
}

export type CallSide = "request" | "response";

/** For messages whose handlers nobody waits for. */
export const ignoreOutcome: GuestCall = { side: "request", onOutcome() {}, onPending() {}, onLost() {} };

export interface GuestLoss {
  readonly cause: "cpu" | "memory" | "crash" | "protocol" | "quarantined";
  readonly message: string;
}

/** The exchange behind a slot, for host calls that are about it. */
export interface SlotOwner {
  /** Bytes of the body that is passing, whole. */
  readBody(side: "q" | "s", policy: Policy): Promise<Uint8Array> | Uint8Array;
}

export interface PluginGuestOptions {
  readonly turn: Turn;
  readonly create: (host: HostCall) => Promise<Guest>;
  /** Makes the guest's instances, by `ask`, before it takes calls. */
  readonly prepare: () => Promise<void>;
  /** Host calls for one guest. */
  readonly services: () => HostServices;
  readonly onLost: (loss: GuestLoss) => void;
}

/** One exchange in the guest. Used again for another one when it is free. */
class Slot {
  owner: SlotOwner | null = null;
  policy: Policy | null = null;
  readonly request = new PendingCall();
  readonly response = new PendingCall();
}

/** A handler that goes on after its entry. Its outcome may come before the entry is over. */
class PendingCall {
  call: GuestCall | null = null;
  outcome: Outcome | null = null;
  bytes: Uint8Array | undefined = undefined;

  clear(): void {
    this.call = null;
    this.outcome = null;
    this.bytes = undefined;
  }
}

/** What enters the guest at once. */
interface Batch {
  readonly messages: string[];
  readonly bytes: Uint8Array | undefined;
  /** Whether nothing else may enter with it. */
  readonly isAlone: boolean;
  /** Of each message; null: it expects no outcome. */
  readonly calls: (GuestCall | null)[];
  readonly slots: number[];
}

export class PluginGuest implements Task {
  readonly quarantine = new Quarantine();
  private readonly options: PluginGuestOptions;
  private operations: GuestOperations | null = null;
  private guest: Guest | null = null;
  /** Whether calls may enter: the instances are there. */
  private ready = false;
  private queue: Batch[] = [];
  private scheduled = false;
  private slots: Slot[] = [];
  private freeSlots: number[] = [];
  private arrivals: PendingCall[] = [];
  private readonly share = new EntryShare();
  /** Number of the turn at hand, and ms that the guest has had in it. */
  private turn = 0;
  private spent = 0;
  private losses = 0;
  /** Exchanges so far. */
  begun = 0;
  private disposed = false;

  constructor(options: PluginGuestOptions) {
    this.options = options;
  }

  /**
   * Makes a guest, in the place of the one there may be.
   *
   * @throws GuestFault when the plugin cannot be loaded, or what `prepare` throws
   */
  async start(): Promise<void> {
    this.drop();
    const operations = new GuestOperations(this.options.services(), (id, answer) =>
      this.complete(id, answer),
    );
    this.operations = operations;
    this.guest = await this.options.create((op, id, text, bytes) => this.onHostCall(op, id, text, bytes));
    await this.options.prepare();
    this.ready = true;
    if (this.queue.length > 0) this.schedule();
  }

  /** The guest is gone; calls wait for the next one. */
  private drop(): void {
    this.ready = false;
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

  get liveSlots(): number {
    return this.slots.length - this.freeSlots.length;
  }

  memoryUsed(): number {
    return this.guest?.memoryUsed() ?? 0;
  }

  // --- slots

  openSlot(owner: SlotOwner | null, policy: Policy | null): number {
    let number = this.freeSlots.pop();
    if (number === undefined) {
      number = this.slots.length;
      this.slots.push(new Slot());
    }
    if (owner !== null) this.begun++;
    const slot = this.slots[number]!;
    slot.owner = owner;
    slot.policy = policy;
    return number;
  }

  /** The guest has forgotten the exchange by itself: its message said that it is the last. */
  releaseSlot(number: number): void {
    const slot = this.slots[number]!;
    slot.owner = null;
    slot.policy = null;
    slot.request.clear();
    slot.response.clear();
    this.freeSlots.push(number);
  }

  /** @param because what `ctx.signal` says; empty when the exchange ended well */
  endSlot(number: number, because: string): void {
    this.releaseSlot(number);
    if (this.guest !== null)
      this.enqueue(writeMessage(MessageKind.end, number, 0, 0, "", because), null, number);
  }

  // --- calls

  /** @param message one of sdk/runtime/message.ts that expects an outcome */
  call(call: GuestCall, slot: number, message: string, bytes?: Uint8Array): void {
    if (this.quarantine.isClosed) {
      call.onLost({ cause: "quarantined", message: "Plugin is out of service after repeated faults" });
      return;
    }
    this.enqueue(message, call, slot, bytes);
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
    const slot = this.openSlot(null, null);
    const epoch = this.losses;
    const answer = Promise.withResolvers<Outcome>();
    const call: GuestCall = {
      side: "request",
      onOutcome: (outcome) => answer.resolve(outcome),
      onPending() {},
      onLost: (loss) => answer.reject(new Error(loss.message)),
    };
    const timer = setTimeout(() => answer.reject(new Error(`No end after ${time} ms`)), time);
    const text = writeMessage(kind, slot, instance, 0, "", payload);
    this.enter(this.guest, aloneBatch(text, undefined, call, slot));
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      if (epoch === this.losses) this.releaseSlot(slot);
    }
  }

  private enqueue(message: string, call: GuestCall | null, slot: number, bytes?: Uint8Array): void {
    this.schedule();
    if (bytes !== undefined) {
      this.queue.push(aloneBatch(message, bytes, call, slot));
      return;
    }
    let batch = this.queue.at(-1);
    if (batch === undefined || batch.isAlone || batch.messages.length >= this.share.size) {
      batch = { messages: [], bytes, isAlone: false, calls: [], slots: [] };
      this.queue.push(batch);
    }
    batch.messages.push(message);
    batch.calls.push(call);
    batch.slots.push(slot);
  }

  private schedule(): void {
    if (this.scheduled || this.guest === null) return;
    this.scheduled = true;
    this.options.turn.soon(this);
  }

  /** At the end of a turn: everything that was asked in it. */
  run(): void {
    this.scheduled = false;
    const { turn } = this.options;
    if (turn.number !== this.turn) this.spent = 0;
    this.turn = turn.number;
    for (let next = this.nextBatch(); next >= 0; next = this.nextBatch()) {
      if (this.spent > sliceMs) {
        // Others have their turn before.
        this.scheduled = true;
        turn.schedule(this);
        break;
      }
      this.enter(this.guest!, this.takeBatch(next));
    }
    this.settleArrivals();
  }

  /** Index of what may enter next; -1: nothing. */
  private nextBatch(): number {
    if (this.guest === null) return -1;
    if (this.ready) return this.queue.length === 0 ? -1 : 0;
    // While a guest is being made, only what its `setup` waits for may enter.
    return this.queue.findIndex(({ calls }) => calls.every((call) => call === null));
  }

  /** The batch at an index, or as much of it as may enter at once now. */
  private takeBatch(index: number): Batch {
    const batch = this.queue[index]!;
    const { size } = this.share;
    const { messages, calls, slots } = batch;
    if (messages.length > size) {
      return {
        ...batch,
        messages: messages.splice(0, size),
        calls: calls.splice(0, size),
        slots: slots.splice(0, size),
      };
    }
    this.queue.splice(index, 1);
    return batch;
  }

  private enter(guest: Guest, batch: Batch): void {
    const began = performance.now();
    let answer: string;
    try {
      answer = guest.dispatch(batch.messages.join(""), batch.bytes);
    } catch (error) {
      this.spent += performance.now() - began;
      this.lose(lossFrom(error), batch, 0);
      return;
    }
    const took = performance.now() - began;
    this.spent += took;
    this.share.onEntry(batch.messages.length, took);
    this.readOutcomes(answer, batch);
    this.settleArrivals();
  }

  private readOutcomes(answer: string, batch: Batch): void {
    const reader = new OutcomeReader(answer);
    const { calls } = batch;
    for (let i = 0; i < calls.length; i++) {
      const call = calls[i]!;
      if (call === null) continue;
      let outcome: Outcome;
      try {
        outcome = reader.next();
      } catch (error) {
        this.lose({ cause: "protocol", message: (error as Error).message }, batch, i);
        return;
      }
      if (outcome.kind === "pending") this.await(batch.slots[i]!, call);
      else call.onOutcome(outcome, undefined);
    }
  }

  private await(slot: number, call: GuestCall): void {
    const pending = this.slots[slot]![call.side];
    pending.call = call;
    if (pending.outcome === null) call.onPending();
  }

  private settleArrivals(): void {
    while (this.arrivals.length > 0) {
      const { arrivals } = this;
      this.arrivals = [];
      for (const pending of arrivals) {
        const { call, outcome, bytes } = pending;
        pending.clear();
        if (outcome !== null) call?.onOutcome(outcome, bytes);
      }
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
      this.onDelivery(id, text, bytes);
      return "=";
    }
    if (op === HostOp.readBody) return this.operations!.run(op, id, text, bytes, () => this.readBody(text));
    return this.operations!.run(op, id, text, bytes, null);
  }

  private onDelivery(number: number, text: string, bytes: Uint8Array | undefined): void {
    const pending = this.slots[number]?.[sideOf(text)];
    // Of an exchange that there is not, or a second one.
    if (pending === undefined || pending.outcome !== null) return;
    pending.outcome = readDelivery(text);
    pending.bytes = bytes;
    this.arrivals.push(pending);
    this.schedule();
  }

  private readBody(request: string): Promise<Uint8Array | string> | Uint8Array | string {
    const [side, number, form] = request.split(" ");
    const { owner, policy } = this.slots[Number(number)] ?? noSlot;
    if (owner === null || policy === null) {
      throw new HostCallError("InvalidStateError", "Cannot read the body: its exchange is over");
    }
    const body = owner.readBody(side === "s" ? "s" : "q", policy);
    const give = (bytes: Uint8Array) => (form === "text" ? decodeText(bytes) : copyOf(bytes));
    return body instanceof Promise ? body.then(give) : give(body);
  }

  private complete(id: number, answer: string | Uint8Array): void {
    if (this.guest === null) return;
    const [text, bytes] = typeof answer === "string" ? [answer, undefined] : ["", answer];
    this.queue.push(
      aloneBatch(`${MessageKind.complete}${separator}${id}${separator}${text}`, bytes, null, 0),
    );
    this.schedule();
  }

  // --- ends

  /** @param from index of the first call of the batch that has no outcome yet */
  private lose(loss: GuestLoss, batch: Batch, from: number): void {
    const waiting = [...batch.calls.slice(from), ...this.queue.flatMap(({ calls }) => calls)];
    const lost = waiting.filter((call) => call !== null);
    for (const { request, response } of this.slots) {
      for (const { call } of [request, response]) if (call !== null) lost.push(call);
    }
    const wasReady = this.ready;
    this.drop();
    this.losses++;
    this.queue = [];
    this.arrivals = [];
    this.slots = [];
    this.freeSlots = [];
    this.quarantine.onFault(performance.now());
    this.options.onLost(loss);
    // One that is being made is its maker's to try again.
    if (wasReady && !this.disposed) void this.rebuild();
    for (const call of lost) call.onLost(loss);
  }

  /** Nobody knows when there will be a guest again. */
  private loseQueue(loss: GuestLoss): void {
    const { queue } = this;
    this.queue = [];
    for (const { calls } of queue) for (const call of calls) call?.onLost(loss);
  }

  private async rebuild(): Promise<void> {
    const wait = this.quarantine.wait;
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait).unref());
    if (this.disposed) return;
    try {
      await this.start();
    } catch (error) {
      this.drop();
      this.quarantine.onFault(performance.now());
      const loss = lossFrom(error);
      this.options.onLost(loss);
      if (this.quarantine.isClosed) this.loseQueue(loss);
      void this.rebuild();
      return;
    }
    if (this.disposed) this.drop();
    else this.quarantine.open();
  }

  dispose(): void {
    this.disposed = true;
    this.drop();
  }
}

function aloneBatch(
  message: string,
  bytes: Uint8Array | undefined,
  call: GuestCall | null,
  slot: number,
): Batch {
  return { messages: [message], bytes, isAlone: true, calls: [call], slots: [slot] };
}

/** @param context and payload, neither with a separator in it */
export function writeMessage(
  kind: string,
  slot: number,
  instance: number,
  flags: number,
  context: string,
  payload: string,
): string {
  return `${kind}\x01${slot}\x01${instance}\x01${flags}\x01${context}\x01${payload}\x01`;
}

/** @param text of a message, or of the outcome of one: both begin with its kind */
function sideOf(text: string): CallSide {
  const kind = text[0];
  const isResponse =
    kind === MessageKind.response || kind === MessageKind.responseBody || kind === MessageKind.pull;
  return isResponse ? "response" : "request";
}

const noSlot = { owner: null, policy: null };

function decodeText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** The original goes on its way unless the guest replaces it. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** What does not read is the fault of the handler whose outcome it would be. */
function readDelivery(text: string): Outcome {
  try {
    return new OutcomeReader(text, 1).next();
  } catch (error) {
    return { kind: "fault", fault: { name: "ProtocolError", message: (error as Error).message, stack: "" } };
  }
}

function lossFrom(error: unknown): GuestLoss {
  if (!(error instanceof GuestFault)) return { cause: "crash", message: String(error) };
  return { cause: error.kind === "load" ? "crash" : error.kind, message: error.message };
}
