import type { KeyValueStore } from "sluice/sdk";
import { unkeyedPart } from "../shared/unkeyed.ts";

/** How long an answer is good enough, and how much of one is kept. */
export interface StaleRules {
  /** Seconds. */
  readonly maxAge: number;
  readonly maxBytes: number;
}

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: FieldsOf;
}

interface Answered {
  readonly status: number;
  readonly headers: FieldsOf;
}

interface FieldsOf {
  get(name: string): string | null;
  has(name: string): boolean;
}

/** What is kept of a URL: its answers differ by these fields of the request. */
type Varies = readonly string[];

interface Kept {
  readonly headers: readonly (readonly [string, string])[];
  /** A character for each byte. */
  readonly body: string;
  /** When the service made it, in ms since 1970. */
  readonly at: number;
}

/** Longer keys are refused by the store. */
export const longestKey = 1000;

/** Fields that belong to one message or one client, not to what is kept. */
const leftOut = ["age", "content-length", "set-cookie"];

/** Directives of RFC 9111, section 5.2.2, that forbid to keep an answer for others or to use it when it is stale. */
const forbidding =
  /(?:^|,)\s*(?:no-store|no-cache|private|must-revalidate|proxy-revalidate|s-maxage)\s*(?:[=,]|$)/i;

/**
 * Whether the answer to a request may be kept, and used for others. What a client proved itself for is never kept
 * (RFC 9111, section 3.5, and cookies as well); nor is a part, or what the client wants to be forgotten.
 */
export function mayAsk(request: Asked): boolean {
  const { method, headers } = request;
  const isPersonal = headers.has("authorization") || headers.has("cookie");
  if (method !== "GET" || isPersonal || headers.has("range") || forbids(headers)) return false;
  return unkeyedPart(request) === null;
}

/** Whether an answer to such a request may be kept [CVE-2026-2836]. */
export function mayKeep({ status, headers }: Answered, { maxBytes }: StaleRules): boolean {
  if (status !== 200 || headers.has("set-cookie") || forbids(headers)) return false;
  if (headers.get("vary")?.includes("*")) return false;
  // A body whose length is not known may be longer than a plugin can hold.
  const length = Number(headers.get("content-length") ?? Number.NaN);
  return length <= maxBytes;
}

function forbids(headers: FieldsOf): boolean {
  return forbidding.test(headers.get("cache-control") ?? "") || /no-cache/i.test(headers.get("pragma") ?? "");
}

/**
 * Keeps an answer; what it comes to is for the log alone.
 *
 * @param fields of the request, as the one that was answered had them
 */
export async function keep(
  kv: KeyValueStore,
  url: string,
  fields: FieldsOf,
  response: { readonly headers: Iterable<readonly [string, string]> & FieldsOf },
  body: Uint8Array,
  { maxAge }: StaleRules,
): Promise<void> {
  const varies = namesIn(response.headers.get("vary"));
  const key = keyOf(url, varies, fields);
  if (key === null) return;
  const headers = [...response.headers].filter(([name]) => !leftOut.includes(name));
  const kept: Kept = {
    headers,
    body: textOf(body),
    at: Date.now() - 1000 * (Number(response.headers.get("age")) || 0),
  };
  await kv.set(`vary ${url}`, varies, { ttl: maxAge });
  await kv.set(key, kept, { ttl: maxAge });
}

/** The answer that was kept for such a request, or null. */
export async function recall(
  kv: KeyValueStore,
  { url, headers }: Omit<Asked, "method">,
): Promise<Response | null> {
  const varies = keyOf(url, [], headers) === null ? undefined : await kv.get<Varies>(`vary ${url}`);
  const key = varies === undefined ? null : keyOf(url, varies, headers);
  const kept = key === null ? undefined : await kv.get<Kept>(key);
  if (kept === undefined) return null;
  const age = Math.max(0, Math.floor((Date.now() - kept.at) / 1000));
  const fields: [string, string][] = kept.headers.map(([name, value]) => [name, value]);
  // RFC 9211; and section 5.1 of RFC 9111.
  fields.push(["age", String(age)], ["cache-status", "sluice; hit; detail=circuit_open"]);
  return new Response(bytesOf(kept.body), { headers: fields });
}

function namesIn(vary: string | null): Varies {
  return (vary ?? "")
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")
    .sort();
}

function keyOf(url: string, varies: Varies, headers: FieldsOf): string | null {
  const values = varies.map((name) => JSON.stringify(headers.get(name))).join(" ");
  const key = `kept ${url} ${values}`;
  return key.length <= longestKey ? key : null;
}

function textOf(bytes: Uint8Array): string {
  let text = "";
  const step = 4096;
  for (let at = 0; at < bytes.length; at += step) {
    text += String.fromCharCode(...bytes.subarray(at, at + step));
  }
  return text;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
