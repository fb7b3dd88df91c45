/** Reads the messages of one entry, calls the plugin's handlers and collects their outcomes. */
import { type BodyPart, contextOfPart } from "./body-part.ts";
import { matchPatterns } from "./config-patterns.ts";
import { Context } from "./context.ts";
import { discoverHost, endpointsText } from "./discover.ts";
import { Draft } from "./draft.ts";
import { GuestExchange, liveExchanges } from "./exchange.ts";
import { describeFault } from "./fault.ts";
import { handled } from "./head-fields.ts";
import { deliver, settle } from "./host.ts";
import { IncomingRequest } from "./incoming-request.ts";
import { IncomingResponse } from "./incoming-response.ts";
import { type Definition, Instance, instances } from "./instance.ts";
import { manifestOf } from "./manifest.ts";
import {
  longestEntryMs,
  MessageFlag,
  MessageKind,
  type MessagePart,
  messageParts,
  OutcomeKind,
  type PhaseName,
  type PolicySetup,
  separator,
  slotOf,
} from "./message.ts";
import { chunkOutcome, type Outcome, replyOutcome } from "./outcome.ts";
import { OutgoingBodies } from "./outgoing-bodies.ts";
import { Response } from "./response.ts";
import { setupHost } from "./setup-host.ts";
import { UpstreamAttempt } from "./upstream-attempt.ts";
import { openWork } from "./wait-until.ts";

// As it was before the plugin ran.
const { stringify } = JSON;

type Encode = (value: unknown) => Outcome;

interface ResponseSide {
  readonly part: BodyPart;
  readonly context: Context;
}

export class Dispatcher {
  private definition: Definition = {};
  /** By slot, as the exchanges: one that knew its context would be garbage that only a collector finds. */
  private readonly contexts: (Context | undefined)[] = [];
  /** What `onResponseBody` has in the place of those where a plugin has `onRequestBody` as well. */
  private readonly responses: (ResponseSide | undefined)[] = [];
  private hasBothBodies = false;
  private readonly bodies = new OutgoingBodies();
  private readonly progress: Int32Array;
  /** Outcomes that were put off so far: both sides count them. */
  private pendings = 0;

  constructor(progress: Int32Array) {
    this.progress = progress;
  }

  /** Takes what the plugin's module exports. */
  define(definition: Definition): void {
    this.definition = definition;
    this.hasBothBodies = definition.onRequestBody !== undefined && definition.onResponseBody !== undefined;
  }

  /** One entry; see message.ts. */
  dispatch(text: string, bytes: Uint8Array | undefined): string {
    if (text.charCodeAt(0) === completeKind) {
      this.complete(text, bytes);
      return "";
    }
    // One native call takes all messages apart: in an interpreted engine that is most of what there is to save.
    return this.dispatchParts(text.split(separator), bytes);
  }

  /** Messages that are taken apart already. */
  dispatchParts(parts: readonly MessagePart[], bytes: Uint8Array | undefined): string {
    const began = now();
    const { progress } = this;
    let outcomes = "";
    for (let i = 0; i + messageParts <= parts.length; i += messageParts) {
      // The end of a slot has no outcome that would tell the host whether it was heard.
      const isTime = outcomes !== "" && i % clockParts === 0 && parts[i] !== MessageKind.end;
      if (isTime && now() - began >= longestEntryMs) break;
      progress[0]!++;
      outcomes += this.handle(
        parts[i] as string,
        +parts[i + 1]!,
        parts[i + 2] as string,
        parts[i + 3] as string,
        bytes,
      );
    }
    return outcomes;
  }

  private handle(
    kind: string,
    number: number,
    context: string,
    payload: string,
    bytes: Uint8Array | undefined,
  ): string {
    const slot = slotOf(number);
    // The flags are its lowest bits: whoever looks at one need not have the others taken off.
    const flags = number;
    try {
      switch (kind) {
        case MessageKind.request:
          return this.onRequest(this.open(slot, context), flags, payload);
        case MessageKind.response:
          return this.onResponse(this.open(slot, context), flags, payload);
        case MessageKind.upstream:
          return this.onUpstream(this.open(slot, context), flags, payload);
        case MessageKind.requestBody:
        case MessageKind.responseBody:
          return this.onBody(kind, this.open(slot, context), flags, bytes ?? new Uint8Array(0));
        case MessageKind.log:
          return this.onLog(this.open(slot, context), flags, payload);
        case MessageKind.end:
          this.end(slot, payload);
          return "";
        case MessageKind.pull:
          return this.conclude(slot, flags, this.bodies.pull(slot), endWithNull);
        case MessageKind.setup:
          return this.setUp(slot, Number(context), payload);
        case MessageKind.discover:
          return this.discover(this.open(slot, context), flags, payload);
        case MessageKind.match:
          return jsonOutcome(matchPatterns(JSON.parse(payload)));
        case MessageKind.teardown:
          return this.conclude(slot, flags, this.definition.teardown?.(), nothing);
        case MessageKind.work:
          return jsonOutcome(openWork());
        default:
          return jsonOutcome(manifestOf(this.definition));
      }
    } catch (error) {
      handled.fields = null;
      liveExchanges[slot]?.takeBack();
      this.closeAfter(slot, flags);
      return kind === MessageKind.end ? "" : faultOutcome(error);
    }
  }

  // --- phases

  private onRequest(exchange: GuestExchange, flags: number, payload: string): string {
    const draft = new Draft(exchange, payload);
    handled.fields = draft;
    const result = this.definition.onRequest!(new IncomingRequest(draft), this.contexts[exchange.slot]);
    return this.finish(MessageKind.request, flags, draft, result);
  }

  private onUpstream(exchange: GuestExchange, flags: number, payload: string): string {
    const draft = new Draft(exchange, payload);
    handled.fields = draft;
    const result = this.definition.onUpstream!(new UpstreamAttempt(draft), this.contexts[exchange.slot]);
    return this.finish(MessageKind.upstream, flags, draft, result);
  }

  private onResponse(exchange: GuestExchange, flags: number, payload: string): string {
    const draft = new Draft(exchange, payload);
    handled.fields = draft;
    const result = this.definition.onResponse!(new IncomingResponse(draft), this.contexts[exchange.slot]);
    return this.finish(MessageKind.response, flags, draft, result);
  }

  private onBody(kind: string, exchange: GuestExchange, flags: number, chunk: Uint8Array): string {
    const { definition } = this;
    const { slot } = exchange;
    const isResponse = kind === MessageKind.responseBody;
    if (isResponse) exchange.isAnswered = true;
    const side = isResponse && this.hasBothBodies ? this.responseSide(slot) : null;
    const part: BodyPart = side?.part ?? exchange;
    const context = side?.context ?? this.contexts[slot];
    part.lastChunk = (flags & MessageFlag.endOfBody) !== 0;
    part.endsBody = false;
    const result = isResponse
      ? definition.onResponseBody!(chunk, context)
      : definition.onRequestBody!(chunk, context);
    return this.conclude(slot, flags, result, (value) => chunkOutcome(value, part.endsBody));
  }

  private responseSide(slot: number): ResponseSide {
    const known = this.responses[slot];
    if (known !== undefined) return known;
    const part = { lastChunk: false, endsBody: false };
    const side = { part, context: contextOfPart(this.contexts[slot]!, part) };
    this.responses[slot] = side;
    return side;
  }

  private onLog(exchange: GuestExchange, flags: number, payload: string): string {
    const record = JSON.parse(payload) as { readonly error: string | null };
    // This message may be the last one: what else is under way for the exchange learns of its end here.
    this.bodies.cancel(exchange.slot);
    if (record.error !== null) exchange.end(record.error);
    exchange.isAnswered = true;
    const result = this.definition.onLog!(record, this.contexts[exchange.slot]);
    return this.conclude(exchange.slot, flags, result, nothing);
  }

  private discover(exchange: GuestExchange, flags: number, cluster: string): string {
    const host = discoverHost(exchange, JSON.parse(cluster) as string);
    const result = this.definition.discover!(exchange.instance.config, host);
    return this.conclude(exchange.slot, flags, result, (list) => jsonTextOutcome(endpointsText(list)));
  }

  private open(slot: number, context: string): GuestExchange {
    const known = liveExchanges[slot];
    if (known !== undefined && context === "") {
      if (known.deadline !== 0) known.deadline = 0;
      return known;
    }
    const exchange = new GuestExchange(slot, context);
    liveExchanges[slot] = exchange;
    this.contexts[slot] = new Context(exchange);
    return exchange;
  }

  // --- outcomes

  /** Of the phases whose message has a head. */
  private finish(kind: string, flags: number, draft: Draft, result: unknown): string {
    const { slot } = draft.exchange;
    handled.fields = null;
    if (result === undefined && !(draft.replacement instanceof Uint8Array)) {
      this.closeAfter(slot, flags);
      return draft.entryOutcome(kind);
    }
    draft.isOpen = isThenable(result);
    return this.conclude(slot, flags, result, (value) => this.headOutcome(kind, draft, value));
  }

  private headOutcome(kind: string, draft: Draft, value: unknown): Outcome {
    draft.isOpen = false;
    if (value === undefined || value === null) {
      const { replacement } = draft;
      return replacement instanceof Uint8Array
        ? { text: draft.outcome(kind), bytes: replacement }
        : draft.outcome(kind);
    }
    if (value instanceof Response && kind !== MessageKind.upstream) {
      return replyOutcome(value, draft.exchange, this.bodies);
    }
    const wanted = kind === MessageKind.upstream ? "nothing" : "nothing or a Response";
    throw new TypeError(`The handler returned a value of type ${typeof value}: expected ${wanted}`);
  }

  private conclude(slot: number, flags: number, result: unknown, encode: Encode): string {
    const number = this.pendings + 1;
    if (isThenable(result)) {
      const exchange = liveExchanges[slot];
      Promise.resolve(result).then(
        (value) => this.deliverLate(number, slot, flags, exchange, () => encode(value)),
        (error) =>
          this.deliverLate(number, slot, flags, exchange, () => {
            throw error;
          }),
      );
      this.pendings = number;
      return OutcomeKind.pending;
    }
    const outcome = encode(result);
    this.closeAfter(slot, flags);
    if (typeof outcome === "string") return outcome;
    deliver(slot, `${number} ${outcome.text}`, outcome.bytes);
    this.pendings = number;
    return OutcomeKind.pending;
  }

  private deliverLate(
    number: number,
    slot: number,
    flags: number,
    exchange: GuestExchange | undefined,
    encode: () => Outcome,
  ): void {
    // The exchange has ended meanwhile, and its slot may belong to another one.
    if (liveExchanges[slot] !== exchange) return;
    try {
      const outcome = encode();
      if (typeof outcome === "string") deliver(slot, `${number} ${outcome}`);
      else deliver(slot, `${number} ${outcome.text}`, outcome.bytes);
    } catch (error) {
      exchange?.takeBack();
      deliver(slot, `${number} ${faultOutcome(error)}`);
    }
    this.closeAfter(slot, flags);
  }

  private closeAfter(slot: number, flags: number): void {
    if ((flags & MessageFlag.last) !== 0) this.forget(slot);
  }

  private end(slot: number, because: string): void {
    const exchange = liveExchanges[slot] ?? this.bodies.exchangeOf(slot);
    this.forget(slot);
    this.bodies.cancel(slot);
    exchange?.end(because);
  }

  private forget(slot: number): void {
    liveExchanges[slot] = undefined;
    this.contexts[slot] = undefined;
    if (this.hasBothBodies) this.responses[slot] = undefined;
  }

  /** Its answer may hold any character, so it is not taken apart like the others. */
  private complete(text: string, bytes: Uint8Array | undefined): void {
    this.progress[0]!++;
    const idEnd = text.indexOf(separator, 2);
    settle(Number(text.slice(2, idEnd)), bytes ?? text.slice(idEnd + 1));
  }

  // --- instances

  private setUp(slot: number, number: number, payload: string): string {
    const setup = JSON.parse(payload) as PolicySetup;
    const { definition } = this;
    const instance = new Instance(definition, setup);
    instances[number] = instance;
    const skipped = new Set<PhaseName>();
    const result = definition.setup?.(instance.config, setupHost(setup, skipped));
    return this.conclude(slot, 0, result, () =>
      skipped.size === 0 ? OutcomeKind.unchanged : jsonOutcome([...skipped]),
    );
  }
}

// As it was before the plugin ran.
const { now } = Date;
/** A clock costs time too: it is read before every fourth message. */
const clockParts = 4 * messageParts;
const completeKind = MessageKind.complete.charCodeAt(0);

function nothing(): string {
  return OutcomeKind.unchanged;
}

/** Of the parts that a stream yields. */
function endWithNull(part: unknown): Outcome {
  return chunkOutcome(part, part === null);
}

function isThenable(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}

function faultOutcome(error: unknown): string {
  const text = stringify(describeFault(error));
  return `${OutcomeKind.fault}${text.length}\n${text}`;
}

function jsonOutcome(value: unknown): string {
  return jsonTextOutcome(stringify(value));
}

function jsonTextOutcome(text: string): string {
  return `${OutcomeKind.json}${text.length}\n${text}`;
}
