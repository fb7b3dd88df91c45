import { type Form, formOf } from "./conversion.ts";
import { editedText } from "./edited-text.ts";
import type { Facts, Fields } from "./facts.ts";
import { JsonSyntaxError } from "./json-value.ts";
import { ExpressionError } from "./jsonata/expression-error.ts";
import type { Rule, Rules } from "./rules.ts";
import { DueStream } from "./stream/due-stream.ts";
import type { StreamEditor } from "./stream/editor.ts";
import { NotXmlError, XmlSyntaxError } from "./xml/xml-error.ts";

/** As much of a message as is used. */
export interface Message {
  readonly headers: Fields;
  arrivedText(): string | null;
  bytes(): Promise<Uint8Array>;
  setBody(body: string): void;
}

/** Why a body cannot be edited: `unfit` is one that an expression made nothing of, `long` one that takes it too much. */
export type BodyFault = "encoded" | "malformed" | "unfit" | "long";

/** As much of a log as is used. */
export interface Log {
  warn(message: string): void;
}

/** What a rule whose condition holds does to a body. */
export interface Due {
  readonly rule: Pick<Rule, "json" | "convert" | "splice">;
  readonly facts: Facts;
  /** What the body is before it. */
  readonly form: Form;
}

/** Which rules are for a body, as its Content-Type goes from form to form. */
export class DueRules {
  readonly due: Due[] = [];

  /**
   * Adds a rule if it is for the body, and says so in Content-Type.
   *
   * @param type Content-Type before the rule's own edits of fields
   */
  add(rule: Due["rule"], type: string | null, headers: Fields, facts: Facts): void {
    const { json, convert } = rule;
    if (json.length === 0 && convert === null) return;
    const form = formOf(type) ?? formOf(headers.get("content-type"));
    if (form === null) return;
    const converts = convert !== null && convert.to !== form;
    if (!converts && (form === "xml" || json.length === 0)) return;
    this.due.push({ rule, facts, form });
    if (converts) headers.set("content-type", convert.type);
  }
}

export function isEncoded(fields: Pick<Fields, "get">): boolean {
  const coding = fields.get("content-encoding");
  return coding !== null && !/^\s*(?:identity\s*)?$/i.test(coding);
}

interface Means {
  /** Why a body cannot be looked into; null: it can. */
  readonly cannotRead: BodyFault | null;
  readonly rules: Pick<Rules, "mostDepth">;
  readonly log: Log;
  /** Keeps what edits the body as it passes. */
  readonly keep: (editor: StreamEditor) => void;
}

export function dueStream({ mostDepth, longestLine, lets }: Rules): DueStream {
  return new DueStream({ mostDepth, longest: longestLine, lets });
}

/**
 * Edits a body whole, or sees to it that it is edited as it passes, or both.
 *
 * @param editor `encoded`: it cannot be edited
 * @returns why it could not be; a promise only where the body has to be read
 */
export function editedBody(
  message: Message,
  due: readonly Due[],
  editor: StreamEditor | "encoded" | null,
  { cannotRead, rules, log, keep }: Means,
): BodyFault | null | Promise<BodyFault | null> {
  if (due.length === 0 && editor === null) return null;
  if (cannotRead !== null) return cannotRead;
  if (editor === "encoded") return editor;
  if (due.length > 0) return editBody(message, due, rules.mostDepth, log, editor);
  forgetBytes(message.headers);
  if (editor !== null) keep(editor);
  return null;
}

/**
 * Edits a body that is JSON or XML. What tells of the bytes that were there goes with them; an entity tag becomes weak, since the
 * new body means the same only as long as the rules do (RFC 9110 section 8.8.1).
 *
 * @returns why it could not be; null: it is edited
 */
function editBody(
  message: Message,
  due: readonly Due[],
  mostDepth: number,
  log: Log,
  stream: StreamEditor | null,
): BodyFault | null | Promise<BodyFault | null> {
  const edit = (text: string | null): BodyFault | null | Promise<BodyFault | null> => {
    // An empty body is none.
    if (text === "") return null;
    if (text === null) return "malformed";
    try {
      const edited = editedText(text, due, mostDepth);
      if (typeof edited === "string" && stream === null) return put(message, edited);
      return finish(message, edited, stream, log);
    } catch (error) {
      return faultOf(error, log);
    }
  };
  const arrived = message.arrivedText();
  return arrived === null ? message.bytes().then((bytes) => edit(textOf(bytes))) : edit(arrived);
}

async function finish(
  message: Message,
  editing: string | Promise<string>,
  stream: StreamEditor | null,
  log: Log,
): Promise<BodyFault | null> {
  let edited: string;
  try {
    edited = await editing;
  } catch (error) {
    return faultOf(error, log);
  }
  return put(message, stream === null ? edited : await stream.pushText(edited, true, log));
}

function put(message: Message, body: string): null {
  message.setBody(body);
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

function faultOf(error: unknown, log: Log): BodyFault {
  if (error instanceof JsonSyntaxError || error instanceof XmlSyntaxError) return "malformed";
  if (error instanceof NotXmlError) {
    log.warn(`A body was not made XML: ${error.message}`);
    return "unfit";
  }
  if (!(error instanceof ExpressionError)) throw error;
  log.warn(`A body was not transformed: ${error.message}`);
  return error.isTooMuch ? "long" : "unfit";
}

/** What told of the bytes that were there, where the body is or would be another one. */
export function forgetBytes(headers: Fields): void {
  forgetDigests(headers);
  if (headers.has("accept-ranges")) headers.delete("accept-ranges");
  const tag = headers.get("etag");
  if (tag !== null && !tag.startsWith("W/")) headers.set("etag", `W/${tag}`);
}

/** A digest lets what was taken out be guessed. */
export function forgetDigests(headers: Fields): void {
  for (const name of ["content-md5", "digest", "content-digest", "repr-digest"]) {
    if (headers.has(name)) headers.delete(name);
  }
}
