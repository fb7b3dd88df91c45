/** A message on its way through a handler: what came, and what the handler changed. */
import type { GuestExchange } from "./exchange.ts";
import { HeadFields } from "./head-fields.ts";
import { type Headers, headersOf } from "./headers.ts";
import { IncomingBody } from "./incoming-body.ts";
import { BodyForm, type Edits, OutcomeKind } from "./message.ts";
import { isOwnedField } from "./owned-fields.ts";

export class Draft {
  readonly exchange: GuestExchange;
  private readonly fieldText: string;
  private readonly side: "q" | "s";
  // What few handlers touch begins on the prototype: making an object costs by its fields.
  /** Null: as it came. */
  declare method: string | null;
  declare url: string | null;
  declare status: number | null;
  declare reason: string | null;
  /** Whether one of the four above, or the body, was assigned to. */
  declare isRewritten: boolean;
  /** In the place of the body. */
  declare replacement: string | Uint8Array | null;
  declare private fields: HeadFields | null;
  declare private facade: Headers | null;
  declare private knownBody: IncomingBody | null;

  static {
    const untouched = { method: null, url: null, status: null, reason: null };
    Object.assign(Draft.prototype, { replacement: null, isRewritten: false });
    Object.assign(Draft.prototype, untouched, { fields: null, facade: null, knownBody: null });
  }

  constructor(exchange: GuestExchange, fieldText: string, side: "q" | "s") {
    this.exchange = exchange;
    this.fieldText = fieldText;
    this.side = side;
  }

  get headers(): Headers {
    if (this.facade === null) {
      this.fields = new HeadFields(this.fieldText, isOwnedField);
      this.facade = headersOf(this.fields);
    }
    return this.facade;
  }

  get body(): IncomingBody {
    this.knownBody ??= new IncomingBody(this, this.exchange.slot, this.side);
    return this.knownBody;
  }

  /** The outcome that tells the host what changed. */
  outcome(): string {
    const edits = this.fields === null ? null : this.fields.edits();
    const others = this.isRewritten || this.exchange.choice !== null ? JSON.stringify(this.otherEdits()) : "";
    if (edits === null) {
      return others === "" ? OutcomeKind.unchanged : `${OutcomeKind.edited}0  ${others}\n`;
    }
    const { added, removed } = edits;
    const names = removed.length === 0 ? "" : removed.join(",");
    return `${OutcomeKind.edited}${added.length} ${names} ${others}\n${added}`;
  }

  private otherEdits(): Edits {
    const { method, url, status, reason, replacement, exchange } = this;
    const { cluster, endpoint } = exchange.choice ?? { cluster: null, endpoint: null };
    return {
      ...(method !== null && { method }),
      ...(url !== null && { url }),
      ...(status !== null && { status }),
      ...(reason !== null && { reason }),
      ...(cluster !== null && { cluster: String(cluster) }),
      ...(endpoint !== null && { endpoint: String(endpoint) }),
      ...(replacement !== null && { body: typeof replacement === "string" ? replacement : BodyForm.bytes }),
    };
  }
}
