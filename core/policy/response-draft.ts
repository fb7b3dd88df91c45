/** A response on its way through the policies. */
import { BodyForm, type Edits } from "../../sdk/runtime/message.ts";
import type { KeptBody } from "../store/responses/stored-body.ts";
import { isFieldValue } from "../wire/characters.ts";
import { hasDate } from "../wire/forward/response.ts";
import type { GuestBody } from "./body/guest-body.ts";
import { editedText } from "./edit-values.ts";
import { assertGuestFields, type FieldEdits } from "./field-edits.ts";
import { MalformedOutcome } from "./malformed-outcome.ts";
import type { Outcome } from "./outcome.ts";

/** @throws MalformedOutcome when there is none of that form */
export type BodyLookup = (form: number) => GuestBody | KeptBody;

export class ResponseDraft {
  status: number;
  reason: string;
  fields: string;
  isDated: boolean;
  /** Code of what went wrong, when the proxy answers because no endpoint did; empty: nothing. */
  error = "";
  /** Whether the client gets the id of its request. */
  tellsRequestId = false;
  /** In the place of the body; null: none; undefined: as it comes. */
  body: string | Uint8Array | GuestBody | KeptBody | null | undefined = undefined;

  /** @param isDated whether there is a Date among the fields */
  constructor(status: number, reason: string, fields: string, isDated = hasDate(fields)) {
    this.status = status;
    this.reason = reason;
    this.fields = fields;
    this.isDated = isDated;
  }

  /** @throws MalformedOutcome when a value is not what it should be */
  edit(fields: FieldEdits, edits: Edits | null, bytes: Uint8Array | undefined): void {
    this.fields = fields.appliedTo(this.fields);
    this.isDated = fields.leavesDate ?? this.isDated;
    if (edits === null) return;
    if (edits.status !== undefined) this.status = statusFrom(edits.status);
    if (edits.tellsRequestId === true) this.tellsRequestId = true;
    if (edits.reason !== undefined) this.reason = reasonFrom(edits.reason);
    if (edits.body !== undefined) this.body = typeof edits.body === "string" ? edits.body : (bytes ?? "");
  }

  /**
   * @param bodyOf the body of a reply that streams it, or has it stored
   * @throws MalformedOutcome when it is no response
   */
  replace(reply: Outcome & { kind: "reply" }, bytes: Uint8Array | undefined, bodyOf: BodyLookup): void {
    assertGuestFields(reply.fields);
    this.status = statusFrom(reply.status);
    this.reason = reasonFrom(reply.reason);
    this.fields = reply.fields;
    this.isDated = hasDate(reply.fields);
    this.error = "";
    if (reply.body === BodyForm.bytes) this.body = bytes ?? "";
    else this.body = typeof reply.body === "number" ? bodyOf(reply.body) : reply.body;
  }
}

/** A reply that a policy makes itself. */
export function draftReply(
  reply: Outcome & { kind: "reply" },
  bytes: Uint8Array | undefined,
  bodyOf: BodyLookup,
): ResponseDraft {
  const draft = new ResponseDraft(200, "", "");
  draft.replace(reply, bytes, bodyOf);
  return draft;
}

function statusFrom(value: unknown): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 200 || value > 599) {
    throw new MalformedOutcome("Cannot set the status: it is not from 200 to 599");
  }
  return value;
}

function reasonFrom(value: unknown): string {
  const reason = editedText(value, "reason phrase");
  if (reason.length > 256) throw new MalformedOutcome("Cannot set the reason phrase: it is too long");
  for (let i = 0; i < reason.length; i++) {
    if (isFieldValue[reason.charCodeAt(i)] !== 1) {
      throw new MalformedOutcome("Cannot set the reason phrase: it holds a control character");
    }
  }
  return reason;
}
