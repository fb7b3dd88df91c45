/** A message on its way through a handler: what came, and what the handler changed. */
import type { GuestExchange } from "./exchange.ts";
import { HeadFields } from "./head-fields.ts";
import { type Headers, headersOf } from "./headers.ts";
import { IncomingBody } from "./incoming-body.ts";
import { BodyForm, type Edits, OutcomeKind } from "./message.ts";
import { isOwnedField } from "./owned-fields.ts";

export class Draft {
  readonly exchange: GuestExchange;
  readonly body: IncomingBody;
  /** Null: as it came. */
  method: string | null = null;
  url: string | null = null;
  status: number | null = null;
  reason: string | null = null;
  private readonly fieldText: string;
  private fields: HeadFields | null = null;
  private facade: Headers | null = null;

  constructor(exchange: GuestExchange, fieldText: string, side: "q" | "s") {
    this.exchange = exchange;
    this.fieldText = fieldText;
    this.body = new IncomingBody(exchange.slot, side);
  }

  get headers(): Headers {
    if (this.facade === null) {
      this.fields = new HeadFields(this.fieldText, isOwnedField);
      this.facade = headersOf(this.fields);
    }
    return this.facade;
  }

  /** The outcome that tells the host what changed. */
  outcome(): string {
    const edits = this.fields === null ? null : this.fields.edits();
    const others = this.hasOtherEdits ? JSON.stringify(this.otherEdits()) : "";
    if (edits === null) {
      return others === "" ? OutcomeKind.unchanged : `${OutcomeKind.edited}0  ${others}\n`;
    }
    const { added, removed } = edits;
    return `${OutcomeKind.edited}${added.length} ${removed.join(",")} ${others}\n${added}`;
  }

  private get hasOtherEdits(): boolean {
    return (
      this.method !== null ||
      this.url !== null ||
      this.status !== null ||
      this.reason !== null ||
      this.exchange.choice !== null ||
      this.body.replacement !== null
    );
  }

  private otherEdits(): Edits {
    const { method, url, status, reason, body, exchange } = this;
    const { cluster, endpoint } = exchange.choice ?? { cluster: null, endpoint: null };
    return {
      ...(method !== null && { method }),
      ...(url !== null && { url }),
      ...(status !== null && { status }),
      ...(reason !== null && { reason }),
      ...(cluster !== null && { cluster: String(cluster) }),
      ...(endpoint !== null && { endpoint: String(endpoint) }),
      ...(body.replacement !== null && {
        body: typeof body.replacement === "string" ? body.replacement : BodyForm.bytes,
      }),
    };
  }
}
