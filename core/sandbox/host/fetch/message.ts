/**
 * How a fetch crosses the boundary. A request is its head as JSON joined with a text body, which is empty for
 * all others; bytes come beside it. A reply has the same form; its body follows when it was short.
 */
import { isUtf8 } from "node:buffer";
import { joinTexts, splitTexts } from "../../../../sdk/runtime/text-pair.ts";
import { HostCallError } from "../error.ts";
import { checkedFields, type Field } from "./fields.ts";

export type RedirectMode = "follow" | "manual" | "error";

/** What a guest asks for, checked. */
export interface FetchRequest {
  readonly method: string;
  readonly url: string;
  readonly fields: readonly Field[];
  readonly redirect: RedirectMode;
  /** Null: none. `stream`: it comes in parts. */
  readonly body: Uint8Array | "stream" | null;
}

/** Head of a reply. */
export interface FetchReply {
  readonly status: number;
  readonly statusText: string;
  readonly url: string;
  readonly redirected: boolean;
  readonly headers: readonly Field[];
  /** `text` and `latin1` (a byte in each character) follow the head; `stream` is asked for. */
  readonly body: "none" | "text" | "latin1" | "stream";
}

/** What a guest asks of the body of a response. */
export interface ReadRequest {
  readonly call: number;
  readonly what: "next" | "text" | "bytes" | "close";
}

/** What a guest says of the body of its request; a part comes as bytes. */
export interface WriteRequest {
  readonly call: number;
  readonly what: "part" | "end" | "fail";
}

const longestHead = 64 * 2 ** 10;
const method = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/;
/** Fetch standard, "forbidden method": a tunnel would pass every check of the host. */
const forbiddenMethods = new Set(["CONNECT", "TRACE", "TRACK"]);
const redirectModes: readonly unknown[] = ["follow", "manual", "error"];

/**
 * Reads what a guest sent. The guest's own Request has refused most of this with a better message.
 *
 * @param longestBody bytes
 * @throws HostCallError
 */
export function parseFetchRequest(
  text: string,
  bytes: Uint8Array | undefined,
  longestBody: number,
): FetchRequest {
  const [head, bodyText] = splitHead(text);
  const { method: name, url, headers, redirect, body } = head;
  if (typeof name !== "string" || !method.test(name)) throw malformed("method");
  if (forbiddenMethods.has(name.toUpperCase())) throw forbidden(name);
  if (typeof url !== "string") throw malformed("url");
  if (!redirectModes.includes(redirect)) throw malformed("redirect");
  if (!isFieldList(headers)) throw malformed("headers");
  const content = bodyOf(body, bodyText, bytes);
  if (content !== null && (name === "GET" || name === "HEAD")) throw malformed("body");
  if (content instanceof Uint8Array && content.byteLength > longestBody) throw requestTooLong(longestBody);
  return {
    method: name,
    url,
    fields: checkedFields(headers),
    redirect: redirect as RedirectMode,
    body: content,
  };
}

export function formatFetchReply(head: FetchReply, body: string): string {
  return joinTexts(JSON.stringify(head), body);
}

/** A reply with its body. Text stays text: most responses are JSON, which the guest wants as text. */
export function formatShortReply(head: Omit<FetchReply, "body">, body: Uint8Array): string {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (isUtf8(bytes)) return formatFetchReply({ ...head, body: "text" }, bytes.toString("utf8"));
  return formatFetchReply({ ...head, body: "latin1" }, bytes.toString("latin1"));
}

/** @throws HostCallError */
export function parseReadRequest(text: string): ReadRequest {
  const [, call, what] = /^(\d{1,15}) (next|text|bytes|close)$/.exec(text) ?? [];
  if (!call) throw malformed("read");
  return { call: Number(call), what: what as ReadRequest["what"] };
}

/** @throws HostCallError */
export function parseWriteRequest(text: string): WriteRequest {
  const [, call, what] = /^(\d{1,15}) (part|end|fail)$/.exec(text) ?? [];
  if (!call) throw malformed("write");
  return { call: Number(call), what: what as WriteRequest["what"] };
}

export function requestTooLong(longestBody: number): HostCallError {
  return new HostCallError("QuotaExceededError", `request body is longer than ${longestBody} bytes`);
}

function splitHead(text: string): readonly [head: Record<string, unknown>, rest: string] {
  const [head, rest] = splitTexts(text) ?? [];
  if (head === undefined || rest === undefined || head.length > longestHead) throw malformed("head");
  return [parseObject(head), rest];
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed("head");
  }
  if (typeof value !== "object" || value === null) throw malformed("head");
  return value as Record<string, unknown>;
}

function isFieldList(value: unknown): value is Field[] {
  return Array.isArray(value) && value.every(isField);
}

function isField(value: unknown): value is Field {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "string");
}

function bodyOf(kind: unknown, text: string, bytes: Uint8Array | undefined): FetchRequest["body"] {
  if (kind === "none") return null;
  if (kind === "stream") return "stream";
  if (kind === "text") return Buffer.from(text, "utf8");
  // The copy is the host's own: what the guest does to its bytes afterwards changes nothing.
  if (kind === "bytes" && bytes) return Uint8Array.from(bytes);
  throw malformed("body");
}

function forbidden(method: string): HostCallError {
  return new HostCallError("TypeError", `${method} is not allowed`);
}

function malformed(part: string): HostCallError {
  return new HostCallError("TypeError", `${part} of the request is malformed`);
}
