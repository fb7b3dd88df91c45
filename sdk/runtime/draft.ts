/** A message on its way through a handler: what came, and what the handler changed. */
import type { GuestExchange } from "./exchange.ts";
import { HeadFields, handled, refuseLate } from "./head-fields.ts";
import { identityText } from "./identity-text.ts";
import { IncomingBody } from "./incoming-body.ts";
import { BodyForm, type Edits, longestRemembered, MessageKind, OutcomeKind } from "./message.ts";

// As it was before the plugin ran.
const { stringify } = JSON;

type Steering = Pick<Edits, "avoid" | "whenAll" | "prefer">;

/** Its fields are read and changed as those of a head. */
export interface Draft extends HeadFields {}

// Not `extends`: an interpreter takes half as long again for an object whose constructor calls another one.
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the constructor does what that of HeadFields does
export class Draft {
  readonly text: string;
  readonly exchange: GuestExchange;
  // What few handlers touch begins on the prototype: making an object costs by its fields.
  /** Null: as it came. */
  declare method: string | null;
  declare url: string | null;
  /** What the proxy makes of that. */
  declare resolvedUrl: string | null;
  declare status: number | null;
  declare reason: string | null;
  /** Of an attempt. */
  declare cluster: string | null;
  /** Of an attempt; undefined: as it came. */
  declare endpoint: string | null | undefined;
  /** Of an attempt: what its balancer is told; null: nothing. */
  declare steering: Steering | null;
  /** Of a response: whether the client gets the id of its request. */
  declare tellsRequestId: boolean;
  /** Whether one of those above, or bytes as the body, was assigned to. */
  declare private isRewritten: boolean;
  /** In the place of the body. */
  declare replacement: string | Uint8Array | null;
  declare private body: IncomingBody | null;

  static {
    Object.setPrototypeOf(Draft.prototype, HeadFields.prototype);
    const untouched = {
      method: null,
      url: null,
      resolvedUrl: null,
      status: null,
      reason: null,
      isRewritten: false,
    };
    Object.assign(Draft.prototype, untouched, { replacement: null, body: null });
    Object.assign(Draft.prototype, { cluster: null, endpoint: undefined, steering: null });
    Object.assign(Draft.prototype, { tellsRequestId: false, isOpen: false });
  }

  /** @param text a line of its own and the lines of the fields */
  constructor(exchange: GuestExchange, text: string) {
    this.text = text;
    this.exchange = exchange;
  }

  /** What stands before the fields. */
  get line(): string {
    return this.text.slice(0, this.text.indexOf("\n"));
  }

  /**
   * Something else than a field is changed.
   *
   * @throws TypeError when the message has gone on its way
   */
  rewrite(): void {
    if (handled.fields !== this && !this.isOpen) refuseLate();
    this.isRewritten = true;
  }

  bodyOf(side: "q" | "s"): IncomingBody {
    this.body ??= new IncomingBody(this, this.exchange, side);
    return this.body;
  }

  /**
   * The outcome that tells the host what changed.
   *
   * @param kind of the message
   */
  outcome(kind: string): string {
    const { added, removed } = this;
    if (this.isMore) return this.rewrittenOutcome(kind);
    return added === "" && removed === "" ? OutcomeKind.unchanged : editedOutcome(added, removed);
  }

  /** The same as part of the text that an entry returns: the host reads those in their order, so it may be referred to an earlier one. */
  entryOutcome(kind: string): string {
    const { added, removed } = this;
    if (this.isMore) return this.rewrittenOutcome(kind);
    if (added === "" && removed === "") return OutcomeKind.unchanged;
    const last = lastEdits[kind]!;
    if (added !== last.added || removed !== last.removed) {
      last.added = added;
      last.removed = removed;
      last.isRemembered = false;
      return editedOutcome(added, removed);
    }
    if (last.isRemembered) return OutcomeKind.again + kind;
    const outcome = editedOutcome(added, removed);
    if (outcome.length > longestRemembered) return outcome;
    last.isRemembered = true;
    return OutcomeKind.remembered + kind + outcome;
  }

  /** Whether more was changed than fields. */
  private get isMore(): boolean {
    const { exchange } = this;
    return this.isRewritten || exchange.choice !== null || exchange.assigned !== null;
  }

  private rewrittenOutcome(kind: string): string {
    const { added, removed, exchange } = this;
    const edits = this.editsText();
    const body = typeof this.replacement === "string" ? this.replacement : null;
    if (kind === MessageKind.request) exchange.onRequestTold();
    exchange.onTold();
    const lengths = body === null ? added.length : `${added.length}+${body.length}`;
    return `${OutcomeKind.edited}${lengths} ${removed} ${edits}\n${added}${body ?? ""}`;
  }

  private editsText(): string {
    const { choice, assigned } = this.exchange;
    const identity = assigned?.identity;
    const isAlone = assigned?.priority === undefined && assigned?.requestId === undefined;
    const isIdentity = typeof identity === "object" && identity !== null && isAlone;
    if (!this.isRewritten && choice === null && isIdentity) return `{"identity":${identityText(identity)}}`;
    const text = stringify(this.otherEdits());
    return text === "{}" ? "" : text;
  }

  private otherEdits(): Edits {
    const { exchange } = this;
    const { method, url, status, reason, replacement } = this;
    const chosen = exchange.newChoice();
    const hashKey = chosen?.hashKey ?? null;
    const cluster = this.cluster ?? chosen?.cluster ?? null;
    const endpoint = this.endpoint === undefined ? (chosen?.endpoint ?? undefined) : this.endpoint;
    return {
      ...(method !== null && { method }),
      ...(url !== null && { url }),
      ...(status !== null && { status }),
      ...(reason !== null && { reason }),
      ...(cluster !== null && { cluster: String(cluster) }),
      ...(endpoint !== undefined && { endpoint: endpoint === null ? null : String(endpoint) }),
      ...(hashKey !== null && { hashKey: String(hashKey) }),
      ...this.steering,
      ...exchange.assigned,
      ...(this.tellsRequestId && { tellsRequestId: true }),
      ...(replacement instanceof Uint8Array && { body: BodyForm.bytes }),
    };
  }
}

function editedOutcome(added: string, removed: string): string {
  // Not a template: an interpreter calls a function for one.
  // biome-ignore lint/style/useTemplate: as above
  return OutcomeKind.edited + added.length + " " + removed + " \n" + added;
}

/** Policies often make the same of one message after the other. By kind of message. */
const lastEdits: Readonly<Record<string, { added: string; removed: string; isRemembered: boolean }>> = {
  [MessageKind.request]: { added: "", removed: "", isRemembered: false },
  [MessageKind.upstream]: { added: "", removed: "", isRemembered: false },
  [MessageKind.response]: { added: "", removed: "", isRemembered: false },
};
