/** What the body of a request may be. */
import { type JsonLimits, scanJson } from "./json-scan.ts";

export interface BodyLimits {
  /** Bytes; null: as many as the proxy lets pass. */
  readonly maxSize: number | null;
  /** Null: any. */
  readonly contentTypes: ReadonlySet<string> | null;
  /** Null: it is not looked at. */
  readonly json: JsonLimits | null;
}

export interface BodyFault {
  readonly status: 400 | 413 | 415;
  readonly code: "body_refused" | "body_too_large" | "content_type_refused";
  readonly title: string;
  readonly detail: string | null;
}

export interface Incoming {
  readonly headers: { get(name: string): string | null };
  bytes(): Promise<Uint8Array>;
  limitBody(maxBytes: number): void;
}

const tooLarge: BodyFault = {
  status: 413,
  code: "body_too_large",
  title: "The body is too large",
  detail: null,
};
const wrongType: BodyFault = {
  status: 415,
  code: "content_type_refused",
  title: "A body of this kind is not accepted",
  detail: null,
};

/**
 * Checks the body of a request, which is read only where its fields do not tell enough.
 *
 * @returns null: it may pass
 */
export function checkBody(
  request: Incoming,
  limits: BodyLimits,
): BodyFault | null | Promise<BodyFault | null> {
  const { headers } = request;
  const length = headers.get("content-length");
  if (length !== null) {
    if (Number(length) === 0) return null;
    if (limits.maxSize !== null && Number(length) > limits.maxSize) return tooLarge;
    const fault = checkType(headers, limits);
    if (fault !== null || !isLookedInto(headers, limits)) return fault;
  } else if (checkType(headers, limits) === null && !isLookedInto(headers, limits)) {
    if (limits.maxSize !== null) request.limitBody(limits.maxSize);
    return null;
  }
  // Without a length there is either no body or a chunked one, and how it is framed is not told: a type alone is no fault.
  return request.bytes().then((bytes) => checkBytes(bytes, headers, limits));
}

function checkBytes(bytes: Uint8Array, headers: Incoming["headers"], limits: BodyLimits): BodyFault | null {
  if (bytes.length === 0) return null;
  if (limits.maxSize !== null && bytes.length > limits.maxSize) return tooLarge;
  const fault = checkType(headers, limits);
  if (fault !== null || !isLookedInto(headers, limits)) return fault;
  const detail = reasonAgainst(bytes, limits.json!);
  return detail === null ? null : { status: 400, code: "body_refused", title: "The body is refused", detail };
}

function checkType(headers: Incoming["headers"], limits: BodyLimits): BodyFault | null {
  if (limits.contentTypes !== null && !limits.contentTypes.has(typeOf(headers))) return wrongType;
  // Nobody can look into what is compressed without undoing it (RFC 9110 section 15.5.16).
  const coding = (headers.get("content-encoding") ?? "identity").trim().toLowerCase();
  return isLookedInto(headers, limits) && coding !== "identity" ? wrongType : null;
}

/** A body without a type is what its reader takes it for; of several, which it is not allowed to have, any may be meant. */
function isLookedInto(headers: Incoming["headers"], { json }: BodyLimits): boolean {
  if (json === null) return false;
  const fields = (headers.get("content-type") ?? "").split(",");
  return fields.some((field) => /^$|[/+]json$/.test(essenceOf(field)));
}

/** RFC 9110 section 8.3.1: type and subtype are compared without regard to case, parameters follow a semicolon. */
function typeOf(headers: Incoming["headers"]): string {
  return essenceOf(headers.get("content-type") ?? "");
}

function essenceOf(field: string): string {
  return field.split(";")[0]!.trim().toLowerCase();
}

function reasonAgainst(bytes: Uint8Array, limits: JsonLimits): string | null {
  try {
    // Neither another encoding nor a byte order mark is JSON (RFC 8259 section 8.1).
    return scanJson(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes), limits);
  } catch {
    return "it is not UTF-8";
  }
}
