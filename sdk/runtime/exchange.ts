/** What the guest keeps of one exchange between its phases. */

import type { UpstreamChoice } from "./context.ts";
import { type Instance, instances } from "./instance.ts";
import { noSlot } from "./message.ts";
import { AbortController, type AbortSignal } from "./web/abort.ts";
import { DOMException } from "./web/dom-exception.ts";

/** The facts that a context text holds, in its order. */
const Fact = {
  instance: 0,
  address: 1,
  scheme: 2,
  tls: 3,
  route: 4,
  priority: 5,
  requestId: 6,
  method: 7,
  authority: 8,
  target: 9,
  identity: 10,
  deadline: 11,
  refresh: 12,
} as const;

/** Those that are not over, by slot. */
export const liveExchanges: (GuestExchange | undefined)[] = [];

interface Assigned {
  identity?: object | null;
  priority?: number;
  requestId?: string;
}

export class GuestExchange {
  readonly slot: number;
  private readonly text: string;
  // What few handlers look at begins on the prototype: making an object costs by its fields.
  /** Whether this is the last part of the body that is passing. */
  declare lastChunk: boolean;
  /** Whether the handler of the part at hand ended the body. */
  declare endsBody: boolean;
  /** Null while no handler asked for it. */
  declare choice: UpstreamChoice | null;
  /** What of it the host heard with the outcome of `onRequest`. */
  declare private told: UpstreamChoice | null;
  /** What was assigned to `ctx` and not told to the host yet; null: nothing. */
  declare assigned: Assigned | null;
  /** What the host was told; null: nothing. */
  declare private knownRequestId: string | null;
  declare private knownPriority: number | null;
  /** `ctx.state`; null while no handler asked for it. */
  declare state: object | null;
  /** When the phase at hand is over; 0 while no handler asked for it. */
  declare deadline: number;
  /** Whether its response has begun. */
  declare isAnswered: boolean;
  declare private knownInstance: Instance | null;
  /** What the host told, once it was read, or was told. */
  declare private knownIdentity: object | null | undefined;
  declare private abort: AbortController | null;
  declare private endedBecause: string;

  static {
    const untouched = {
      lastChunk: false,
      endsBody: false,
      choice: null,
      told: null,
      state: null,
      deadline: 0,
    };
    Object.assign(GuestExchange.prototype, untouched, { abort: null, endedBecause: "" });
    Object.assign(GuestExchange.prototype, {
      isAnswered: false,
      knownInstance: null,
      assigned: null,
    });
    const unknown = { knownIdentity: undefined, knownRequestId: null, knownPriority: null };
    Object.assign(GuestExchange.prototype, unknown);
  }

  /** @param text the context of the message that began it */
  constructor(slot: number, text: string) {
    this.slot = slot;
    this.text = text;
  }

  /** As host calls name it: when it is over its slot may be that of another one. */
  get ownSlot(): number {
    return liveExchanges[this.slot] === this ? this.slot : noSlot;
  }

  get instance(): Instance {
    if (instances.length === 1) return instances[0]!;
    this.knownInstance ??= instances[Number(this.fact(Fact.instance))]!;
    return this.knownInstance;
  }

  /** When the request is over, as `performance.now()` tells the time. */
  get requestDeadline(): number {
    const text = this.fact(Fact.deadline);
    return text === "" ? Number.POSITIVE_INFINITY : Number(text);
  }

  get isRefresh(): boolean {
    return this.fact(Fact.refresh) !== "";
  }

  get requestId(): string {
    return this.assigned?.requestId ?? this.knownRequestId ?? this.fact(Fact.requestId);
  }

  set requestId(value: string) {
    this.assigned ??= {};
    this.assigned.requestId = value;
  }

  get address(): string {
    return this.fact(Fact.address);
  }

  get routeName(): string {
    return this.instance.setup.routes[Number(this.fact(Fact.route))] ?? "";
  }

  get priority(): number {
    return this.assigned?.priority ?? this.knownPriority ?? Number(this.fact(Fact.priority));
  }

  set priority(value: number) {
    this.assigned ??= {};
    this.assigned.priority = value;
  }

  get routeCluster(): string | null {
    return this.instance.setup.clusters[Number(this.fact(Fact.route))] ?? null;
  }

  get method(): string {
    return this.fact(Fact.method);
  }

  /** As the client asked for it, with the path that the proxy matches. */
  get url(): string {
    return `${this.fact(Fact.scheme)}://${this.fact(Fact.authority)}${this.fact(Fact.target)}`;
  }

  /** JSON of what is known of the client's TLS, or empty. */
  get tls(): string {
    return this.fact(Fact.tls);
  }

  get identity(): object | null {
    const assigned = this.assigned?.identity;
    if (assigned !== undefined) return assigned;
    if (this.knownIdentity === undefined) {
      const text = this.fact(Fact.identity);
      this.knownIdentity = text === "" ? null : (JSON.parse(text) as object);
    }
    return this.knownIdentity;
  }

  set identity(value: object | null) {
    this.assigned ??= {};
    this.assigned.identity = value;
  }

  get upstream(): UpstreamChoice {
    this.choice ??= { cluster: null, endpoint: null, hashKey: null };
    return this.choice;
  }

  /** The host knows what was assigned so far. */
  onTold(): void {
    const { assigned } = this;
    if (assigned === null) return;
    this.assigned = null;
    if (assigned.identity !== undefined) this.knownIdentity = assigned.identity;
    if (assigned.priority !== undefined) this.knownPriority = assigned.priority;
    if (assigned.requestId !== undefined) this.knownRequestId = assigned.requestId;
  }

  /** It knows what was chosen, too. */
  onRequestTold(): void {
    if (this.choice !== null) this.told = { ...this.choice };
  }

  /** A handler failed: nothing counts that the host was not told before. */
  takeBack(): void {
    this.assigned = null;
    if (this.choice !== null) this.choice = this.told === null ? null : { ...this.told };
  }

  /** What was chosen since `onRequest`: told again, the rest would undo what other policies decided meanwhile. */
  newChoice(): UpstreamChoice | null {
    const { choice, told } = this;
    if (choice === null || told === null) return choice;
    const since = (value: string | null, before: string | null) => (value === before ? null : value);
    return {
      cluster: since(choice.cluster, told.cluster),
      endpoint: since(choice.endpoint, told.endpoint),
      hashKey: since(choice.hashKey, told.hashKey),
    };
  }

  get signal(): AbortSignal {
    this.abort ??= new AbortController();
    if (this.endedBecause !== "") this.abort.abort(goneError(this.endedBecause));
    return this.abort.signal;
  }

  /** @param because empty when it ended well */
  end(because: string): void {
    if (because === "") return;
    this.endedBecause = because;
    this.abort?.abort(goneError(because));
  }

  /** Most handlers look at one or two of the facts: the others are not taken apart. */
  private fact(index: number): string {
    const { text } = this;
    let from = 0;
    for (let left = index; left > 0; left--) {
      const end = text.indexOf(" ", from);
      if (end < 0) return "";
      from = end + 1;
    }
    const end = text.indexOf(" ", from);
    return end < 0 ? text.slice(from) : text.slice(from, end);
  }
}

function goneError(because: string): DOMException {
  return new DOMException(because, "AbortError");
}
