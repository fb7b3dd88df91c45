import type { Facts, Fields } from "./facts.ts";
import type { JsonEdit } from "./json-edits.ts";
import { JsonSyntaxError, parseJson, writeJson } from "./json-value.ts";

/** As much of a message as is used. */
export interface Message {
  readonly headers: Fields;
  bytes(): Promise<Uint8Array>;
  setBody(body: string): void;
}

/** Why a body cannot be edited. */
export type BodyFault = "encoded" | "malformed";

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
): Promise<BodyFault | null> {
  const text = textOf(await message.bytes());
  // An empty body is none.
  if (text === "") return null;
  const edited = text === null ? null : editedText(text, due, mostDepth);
  if (edited === null) return "malformed";
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

/** Null: it is no JSON. */
function editedText(text: string, due: readonly DueEdits[], mostDepth: number): string | null {
  try {
    let root = parseJson(text, mostDepth);
    for (const { edits, facts } of due) for (const edit of edits) root = edit(root, facts);
    return writeJson(root);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return null;
    throw error;
  }
}

function forgetBytes(headers: Fields): void {
  for (const name of ["content-md5", "digest", "content-digest", "repr-digest", "accept-ranges"]) {
    if (headers.has(name)) headers.delete(name);
  }
  const tag = headers.get("etag");
  if (tag !== null && !tag.startsWith("W/")) headers.set("etag", `W/${tag}`);
}
