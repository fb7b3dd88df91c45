/** A response on its way through the policies. */
import { BodyForm, type Edits } from "../../sdk/runtime/message.ts";
import type { KeptBody } from "../store/responses/stored-body.ts";
import { isFieldValue } from "../wire/characters.ts";
import { hasDate } from "../wire/forward/response.ts";
import type { GuestBody } from "./body/guest-body.ts";
import { type BodyOwner, editedBody, editedText } from "./edit-values.ts";
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

  /**
   * All of it or nothing.
   *
   * @param owner told of a body before anything changes; it may refuse it
   * @throws MalformedOutcome when a value is not what it should be
   */
  edit(fields: FieldEdits, edits: Edits | null, bytes: Uint8Array | undefined, owner: BodyOwner): void {
    const edited = fields.appliedTo(this.fields);
    if (edits !== null) {
      const status = edits.status === undefined ? this.status : statusFrom(edits.status);
      const reason = edits.reason === undefined ? this.reason : reasonFrom(edits.reason);
      if (edits.body !== undefined) this.body = editedBody(edits.body, bytes, owner);
      this.status = status;
      this.reason = reason;
      if (edits.tellsRequestId === true) this.tellsRequestId = true;
    }
    this.fields = edited;
    this.isDated = fields.leavesDate ?? this.isDated;
  }

  /** A policy puts another one in its place. */
  become({ status, reason, fields, isDated, body }: ResponseDraft): void {
    this.status = status;
    this.reason = reason;
    this.fields = fields;
    this.isDated = isDated;
    this.error = "";
    this.body = body;
  }
}

/**
 * A reply that a policy makes itself.
 *
 * @param bodyOf the body of one that streams it, or has it stored
 * @throws MalformedOutcome when it is no response
 */
export function draftReply(
  { status, reason, fields, body }: Outcome & { kind: "reply" },
  bytes: Uint8Array | undefined,
  bodyOf: BodyLookup,
): ResponseDraft {
  assertGuestFields(fields);
  const draft = new ResponseDraft(statusFrom(status), reasonFrom(reason), fields);
  if (body === BodyForm.bytes) draft.body = bytes ?? "";
  else draft.body = typeof body === "number" ? bodyOf(body) : body;
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
