/** Reads the messages of one entry, calls the plugin's handlers and writes their outcomes. */
import { Draft } from "./draft.ts";
import { GuestExchange } from "./exchange.ts";
import { describeFault } from "./fault.ts";
import { deliver, settle } from "./host.ts";
import { IncomingRequest } from "./incoming-request.ts";
import { IncomingResponse } from "./incoming-response.ts";
import { type Definition, Instance } from "./instance.ts";
import { manifestOf } from "./manifest.ts";
import { MessageFlag, MessageKind, OutcomeKind, type PolicySetup } from "./message.ts";
import { chunkOutcome, type Outcome, replyOutcome, withBytes } from "./outcome.ts";
import { OutgoingBodies } from "./outgoing-bodies.ts";
import { Response } from "./response.ts";
import { setupHost } from "./setup-host.ts";
import { UpstreamAttempt } from "./upstream-attempt.ts";

/** One message, taken apart. */
interface Message {
  readonly kind: string;
  readonly slot: number;
  readonly instance: number;
  readonly flags: number;
  readonly context: string;
  readonly payload: string;
}

const noOutcome = "";

export class Dispatcher {
  private definition: Definition = {};
  private readonly instances: Instance[] = [];
  private readonly exchanges: (GuestExchange | undefined)[] = [];
  private readonly bodies = new OutgoingBodies();
  private readonly progress: Int32Array;

  constructor(progress: Int32Array) {
    this.progress = progress;
  }

  /** Takes what the plugin's module exports. */
  define(definition: Definition): void {
    this.definition = definition;
  }

  /** One entry; see message.ts. */
  dispatch(text: string, bytes: Uint8Array | undefined): string {
    let outcomes = "";
    let at = 0;
    while (at < text.length) {
      this.progress[0]!++;
      const lineEnd = text.indexOf("\n", at);
      const numbers = text.slice(at + 1, lineEnd).split(" ");
      const contextEnd = lineEnd + 1 + Number(numbers[3]);
      const end = contextEnd + Number(numbers[4]);
      outcomes += this.handle(
        {
          kind: text[at]!,
          slot: Number(numbers[0]),
          instance: Number(numbers[1]),
          flags: Number(numbers[2]),
          context: text.slice(lineEnd + 1, contextEnd),
          payload: text.slice(contextEnd, end),
        },
        bytes,
      );
      at = end;
    }
    return outcomes;
  }

  private handle(message: Message, bytes: Uint8Array | undefined): string {
    const { kind, slot } = message;
    switch (kind) {
      case MessageKind.request:
      case MessageKind.upstream:
      case MessageKind.response:
      case MessageKind.requestBody:
      case MessageKind.responseBody:
      case MessageKind.log:
        return this.runPhase(message, bytes);
      case MessageKind.end:
        this.end(slot, message.payload);
        return noOutcome;
      case MessageKind.complete:
        settle(slot, (message.flags & MessageFlag.bytes) !== 0 ? bytes! : message.payload);
        return noOutcome;
      case MessageKind.pull:
        return this.conclude(message, this.bodies.pull(slot), (part) => chunkOutcome(part, part === null));
      case MessageKind.setup:
        return this.setUp(message);
      case MessageKind.teardown:
        return this.tearDown(message);
      default:
        return jsonOutcome(manifestOf(this.definition));
    }
  }

  // --- phases

  private runPhase(message: Message, bytes: Uint8Array | undefined): string {
    const { kind } = message;
    try {
      const exchange = this.open(message);
      const { definition } = exchange.instance;
      const { context } = exchange;
      switch (kind) {
        case MessageKind.request: {
          const draft = new Draft(exchange, message.payload, "q");
          return this.finish(message, draft, definition.onRequest!(new IncomingRequest(draft), context));
        }
        case MessageKind.response: {
          const [line, fields] = splitLine(message.payload);
          const draft = new Draft(exchange, fields, "s");
          const response = new IncomingResponse(draft, Number(line.slice(0, 3)), line.slice(4));
          return this.finish(message, draft, definition.onResponse!(response, context));
        }
        case MessageKind.upstream: {
          const [line, fields] = splitLine(message.payload);
          const draft = new Draft(exchange, fields, "q");
          const attempt = new UpstreamAttempt(draft, line);
          return this.finish(message, draft, definition.onUpstream!(attempt, context));
        }
        case MessageKind.log:
          return this.conclude(message, definition.onLog!(JSON.parse(message.payload), context), nothing);
        default: {
          exchange.lastChunk = (message.flags & MessageFlag.endOfBody) !== 0;
          exchange.endsBody = false;
          const chunk = bytes ?? new Uint8Array(0);
          const isRequest = kind === MessageKind.requestBody;
          const handler = isRequest ? definition.onRequestBody! : definition.onResponseBody!;
          const result = handler.call(definition, chunk, context);
          return this.conclude(message, result, (part) => chunkOutcome(part, exchange.endsBody));
        }
      }
    } catch (error) {
      this.closeAfter(message);
      return faultOutcome(error);
    }
  }

  private open(message: Message): GuestExchange {
    const known = this.exchanges[message.slot];
    if (known !== undefined && message.context === "") return known;
    const exchange = new GuestExchange(message.slot, this.instances[message.instance]!, message.context);
    this.exchanges[message.slot] = exchange;
    return exchange;
  }

  /** Of the phases whose message has a head: what the handler returned, and what it changed. */
  private finish(message: Message, draft: Draft, result: unknown): string {
    return this.conclude(message, result, (value) => {
      if (value === undefined || value === null) return withBytes(draft.outcome(), draft.body.replacement);
      if (value instanceof Response && message.kind !== MessageKind.upstream) {
        return replyOutcome(value, message.slot, this.bodies);
      }
      throw new TypeError(`A handler returned ${typeof value}: expected nothing or a Response`);
    });
  }

  private conclude(message: Message, result: unknown, encode: (value: unknown) => Outcome): string {
    if (isThenable(result)) {
      const exchange = this.exchanges[message.slot];
      Promise.resolve(result).then(
        (value) => this.deliverLate(message, exchange, () => encode(value)),
        (error) => this.deliverLate(message, exchange, () => faultOutcome(error)),
      );
      return OutcomeKind.pending;
    }
    const outcome = encode(result);
    if (typeof outcome !== "string") {
      deliver(message.slot, message.kind + outcome.text, outcome.bytes);
      this.closeAfter(message);
      return OutcomeKind.pending;
    }
    this.closeAfter(message);
    return outcome;
  }

  private deliverLate(message: Message, exchange: GuestExchange | undefined, encode: () => Outcome): void {
    // The exchange has ended meanwhile, and its slot may belong to another one.
    if (this.exchanges[message.slot] !== exchange) return;
    let outcome: Outcome;
    try {
      outcome = encode();
    } catch (error) {
      outcome = faultOutcome(error);
    }
    this.closeAfter(message);
    if (typeof outcome === "string") deliver(message.slot, message.kind + outcome);
    else deliver(message.slot, message.kind + outcome.text, outcome.bytes);
  }

  private closeAfter({ slot, flags }: Message): void {
    if ((flags & MessageFlag.last) !== 0) this.exchanges[slot] = undefined;
  }

  private end(slot: number, because: string): void {
    this.exchanges[slot]?.end(because);
    this.exchanges[slot] = undefined;
    this.bodies.cancel(slot);
  }

  // --- instances

  private setUp(message: Message): string {
    try {
      const setup = JSON.parse(message.payload) as PolicySetup;
      const instance = new Instance(this.definition, setup);
      this.instances[message.instance] = instance;
      const { definition } = this;
      const result = definition.setup?.(instance.config, setupHost(setup));
      return this.conclude(message, result, nothing);
    } catch (error) {
      return faultOutcome(error);
    }
  }

  private tearDown(message: Message): string {
    try {
      return this.conclude(message, this.definition.teardown?.(), nothing);
    } catch (error) {
      return faultOutcome(error);
    }
  }
}

function nothing(): string {
  return OutcomeKind.unchanged;
}

function isThenable(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}

function faultOutcome(error: unknown): string {
  const text = JSON.stringify(describeFault(error));
  return `${OutcomeKind.fault}${text.length}\n${text}`;
}

function jsonOutcome(value: unknown): string {
  const text = JSON.stringify(value);
  return `${OutcomeKind.json}${text.length}\n${text}`;
}

function splitLine(payload: string): [line: string, rest: string] {
  const end = payload.indexOf("\n");
  return [payload.slice(0, end), payload.slice(end + 1)];
}
