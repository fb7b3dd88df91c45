import type { Facts, Fields } from "./facts.ts";
import type { JsonEdit } from "./json-edits.ts";
import { JsonSyntaxError, parseJson, writeJson } from "./json-value.ts";
import { ExpressionError } from "./jsonata/expression-error.ts";

/** As much of a message as is used. */
export interface Message {
  readonly headers: Fields;
  bytes(): Promise<Uint8Array>;
  setBody(body: string): void;
}

/** Why a body cannot be edited: `unfit` is one that an expression made nothing of, `long` one that takes it too much. */
export type BodyFault = "encoded" | "malformed" | "unfit" | "long";

/** As much of a log as is used. */
export interface Log {
  warn(message: string): void;
}

/** The edits of a rule whose condition holds. */
export interface DueEdits {
  readonly edits: readonly JsonEdit[];
  readonly facts: Facts;
}

/**
 * Whether a field says that the body is JSON; of several that it names, one is enough.
 *
 * @param type value of Content-Type
 */
export function isJson(type: string | null): boolean {
  return (type ?? "").split(",").some((one) => /^\s*application\/(?:[^\s;/]+\+)?json\s*(?:;|$)/i.test(one));
}

export function isEncoded(fields: Pick<Fields, "get">): boolean {
  return !/^\s*(?:identity\s*)?$/i.test(fields.get("content-encoding") ?? "");
}

/**
 * Edits a body that is JSON. What tells of the bytes that were there goes with them; an entity tag becomes weak, since the
 * new body means the same only as long as the rules do (RFC 9110 section 8.8.1).
 *
 * @returns why it could not be; null: it is edited
 */
export async function editJson(
  message: Message,
  due: readonly DueEdits[],
  mostDepth: number,
  log: Log,
): Promise<BodyFault | null> {
  const text = textOf(await message.bytes());
  // An empty body is none.
  if (text === "") return null;
  if (text === null) return "malformed";
  let edited: string;
  try {
    edited = await editedText(text, due, mostDepth);
  } catch (error) {
    return faultOf(error, log);
  }
  message.setBody(edited);
  forgetBytes(message.headers);
  return null;
}

/** Null: it is no UTF-8. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** @throws JsonSyntaxError, ExpressionError */
async function editedText(text: string, due: readonly DueEdits[], mostDepth: number): Promise<string> {
  let root = parseJson(text, mostDepth);
  for (const { edits, facts } of due) {
    for (const edit of edits) {
      const edited = edit(root, facts);
      root = edited instanceof Promise ? await edited : edited;
    }
  }
  return writeJson(root);
}

function faultOf(error: unknown, log: Log): BodyFault {
  if (error instanceof JsonSyntaxError) return "malformed";
  if (!(error instanceof ExpressionError)) throw error;
  log.warn(`A body was not transformed: ${error.message}`);
  return error.isTooMuch ? "long" : "unfit";
}

function forgetBytes(headers: Fields): void {
  for (const name of ["content-md5", "digest", "content-digest", "repr-digest", "accept-ranges"]) {
    if (headers.has(name)) headers.delete(name);
  }
  const tag = headers.get("etag");
  if (tag !== null && !tag.startsWith("W/")) headers.set("etag", `W/${tag}`);
}
