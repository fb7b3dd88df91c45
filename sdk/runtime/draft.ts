/** A message on its way through a handler: what came, and what the handler changed. */
import type { GuestExchange } from "./exchange.ts";
import { HeadFields } from "./head-fields.ts";
import { identityText } from "./identity-text.ts";
import { IncomingBody } from "./incoming-body.ts";
import { BodyForm, type Edits, MessageKind, OutcomeKind } from "./message.ts";

type Steering = Pick<Edits, "avoid" | "whenAll" | "prefer">;

export class Draft extends HeadFields {
  readonly exchange: GuestExchange;
  // What few handlers touch begins on the prototype: making an object costs by its fields.
  /** Null: as it came. */
  declare method: string | null;
  declare url: string | null;
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
  declare isRewritten: boolean;
  /** In the place of the body. */
  declare replacement: string | Uint8Array | null;
  declare private body: IncomingBody | null;

  static {
    const untouched = { method: null, url: null, status: null, reason: null, isRewritten: false };
    Object.assign(Draft.prototype, untouched, { replacement: null, body: null });
    Object.assign(Draft.prototype, { cluster: null, endpoint: undefined, steering: null });
    Object.assign(Draft.prototype, { tellsRequestId: false });
  }

  /** @param text a line of its own and the lines of the fields */
  constructor(exchange: GuestExchange, text: string) {
    super(text);
    this.exchange = exchange;
  }

  /** What stands before the fields. */
  get line(): string {
    return this.text.slice(0, this.text.indexOf("\n"));
  }

  bodyOf(side: "q" | "s"): IncomingBody {
    this.body ??= new IncomingBody(this, this.exchange.slot, side);
    return this.body;
  }

  /**
   * The outcome that tells the host what changed.
   *
   * @param kind of the message
   */
  outcome(kind: string): string {
    const { added, removed } = this;
    const others = this.hasOtherEdits ? this.editsText() : "";
    const body = typeof this.replacement === "string" ? this.replacement : null;
    if (kind === MessageKind.request) this.exchange.onRequestTold();
    if (this.exchange.assignedIdentity !== undefined) this.exchange.assignedIdentity = undefined;
    if (this.exchange.assignedPriority !== null) this.exchange.assignedPriority = null;
    if (this.exchange.assignedRequestId !== null) this.exchange.assignedRequestId = null;
    if (body !== null) {
      return `${OutcomeKind.edited}${added.length}+${body.length} ${removed} ${others}\n${added}${body}`;
    }
    if (added === "" && removed === "" && others === "") return OutcomeKind.unchanged;
    // Not a template: an interpreter calls a function for one.
    // biome-ignore lint/style/useTemplate: as above
    return OutcomeKind.edited + added.length + " " + removed + " " + others + "\n" + added;
  }

  private get hasOtherEdits(): boolean {
    const { choice, assignedIdentity, assignedPriority, assignedRequestId } = this.exchange;
    const isAssigned =
      assignedIdentity !== undefined || assignedPriority !== null || assignedRequestId !== null;
    return this.isRewritten || choice !== null || isAssigned;
  }

  private editsText(): string {
    const { choice, assignedIdentity, assignedPriority, assignedRequestId } = this.exchange;
    const isOther =
      this.isRewritten || choice !== null || assignedPriority !== null || assignedRequestId !== null;
    if (isOther || typeof assignedIdentity !== "object" || assignedIdentity === null) {
      return JSON.stringify(this.otherEdits());
    }
    return `{"identity":${identityText(assignedIdentity)}}`;
  }

  private otherEdits(): Edits {
    const { exchange } = this;
    const { assignedIdentity, assignedPriority, assignedRequestId } = exchange;
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
      ...(assignedIdentity !== undefined && { identity: assignedIdentity }),
      ...(assignedPriority !== null && { priority: assignedPriority }),
      ...(assignedRequestId !== null && { requestId: assignedRequestId }),
      ...(this.tellsRequestId && { tellsRequestId: true }),
      ...(replacement instanceof Uint8Array && { body: BodyForm.bytes }),
    };
  }
}
