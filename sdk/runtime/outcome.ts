/** Outcomes of handlers, as text for the host; bytes go beside it. */
import type { GuestExchange } from "./exchange.ts";
import { BodyForm, ChunkAction, OutcomeKind } from "./message.ts";
import type { OutgoingBodies } from "./outgoing-bodies.ts";
import { isOwnedField } from "./owned-fields.ts";
import { bodySourceOf, type Response } from "./response.ts";
import { numberOfStored } from "./stored-body.ts";

export type Outcome = string | { readonly text: string; readonly bytes: Uint8Array };

/** A `Response` that a handler returned. */
export function replyOutcome(response: Response, exchange: GuestExchange, bodies: OutgoingBodies): Outcome {
  if (response.type === "error") {
    throw new TypeError("Cannot answer with Response.error(): return a Response with a status, such as 502");
  }
  let fields = "";
  for (const [name, value] of response.headers) {
    // A fetched response brings fields of its own framing along.
    if (!isOwnedField(name)) fields += `${name}: ${value}\r\n`;
  }
  const head = (body: number) =>
    `${OutcomeKind.reply}${fields.length} ${body} ${response.status} ${response.statusText}\n${fields}`;
  const source = bodySourceOf(response);
  switch (source.kind) {
    case "text":
      return head(source.text.length) + source.text;
    case "bytes":
      return { text: head(BodyForm.bytes), bytes: source.bytes };
    case "stored":
      return head(BodyForm.stored - numberOfStored(source.stored));
    case "stream":
      bodies.open(exchange, source.stream);
      return head(BodyForm.stream);
    default:
      return head(BodyForm.none);
  }
}

/**
 * What a handler made of a part of a body; also what a streamed body yields.
 *
 * @param ends whether the body is over behind it
 */
export function chunkOutcome(value: unknown, ends: boolean): Outcome {
  const end = ends ? ChunkAction.end : 0;
  if (value === undefined) return chunk(ChunkAction.keep | end, "");
  if (value === null) return chunk(ChunkAction.drop | end, "");
  if (typeof value === "string") return chunk(ChunkAction.text | end, value);
  if (value instanceof Uint8Array) return { text: chunk(ChunkAction.bytes | end, ""), bytes: value };
  throw new TypeError(
    `A body handler returned ${typeof value}: expected nothing, null, a string or a Uint8Array`,
  );
}

function chunk(action: number, text: string): string {
  return `${OutcomeKind.chunk}${text.length} ${action}\n${text}`;
}
