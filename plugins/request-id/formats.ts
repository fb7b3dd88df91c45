/** Forms of ids: how one is made, and how one is known. Times in ms since 1970. */
import type { RequestIdConfig } from "./config.ts";

export interface Format {
  /** Random bytes that an id takes. */
  readonly randomBytes: number;
  /** @param bytes random ones, which may be changed */
  make(bytes: Uint8Array, now: number): string;
  readonly pattern: RegExp;
}

const traceId: Format = {
  randomBytes: 16,
  make: (bytes) => hexOf(bytes),
  // Trace Context section 3.2.2.3: all zeros is no id.
  pattern: /^(?!0{32})[\da-f]{32}$/,
};

export const formats: Readonly<Record<RequestIdConfig["format"], Format>> = {
  // RFC 9562 section 5.4
  "uuid-v4": {
    randomBytes: 16,
    make: (bytes) => uuidOf(bytes, 4),
    pattern: /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/i,
  },
  // RFC 9562 section 5.7: 48 bits of time come first, so that ids sort by it.
  "uuid-v7": {
    randomBytes: 16,
    make(bytes, now) {
      writeTime(bytes, now);
      return uuidOf(bytes, 7);
    },
    pattern: /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/i,
  },
  // https://github.com/ulid/spec: 48 bits of time and 80 random ones, in Crockford's base 32.
  ulid: {
    randomBytes: 16,
    make(bytes, now) {
      writeTime(bytes, now);
      return base32Of(bytes);
    },
    pattern: /^[0-7][\dA-HJKMNP-TV-Z]{25}$/i,
  },
  hex: { randomBytes: 16, make: (bytes) => hexOf(bytes), pattern: /^[\da-f]{32}$/i },
  trace: traceId,
};

/** Of the version that there is; later ones begin alike (Trace Context section 3.2.2). */
const traceparent = /^(?!ff)[\da-f]{2}-([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:$|-)/;

/** The trace id of a traceparent; null: it is none. */
export function traceIdOf(field: string | null): string | null {
  const id = field === null || field.length > 256 ? undefined : traceparent.exec(field)?.[1];
  if (id === undefined || (field!.startsWith("00") && field!.length !== 55)) return null;
  return traceId.pattern.test(id) ? id : null;
}

/**
 * Whether an id may stand in logs, in fields and in what people paste: no spaces, quotes, commas, or what a shell, a spreadsheet or a
 * line of a log would take for something else.
 */
export function isPlain(id: string, maxLength: number): boolean {
  return id.length <= maxLength && /^[A-Za-z0-9][A-Za-z0-9._:/+~-]*={0,2}$/.test(id);
}

function writeTime(bytes: Uint8Array, now: number): void {
  let rest = Math.max(0, Math.floor(now));
  for (let i = 5; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

function uuidOf(bytes: Uint8Array, version: number): string {
  bytes[6] = (bytes[6]! & 0x0f) | (version << 4);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = hexOf(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const hexDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += hexDigits[byte]!;
  return text;
}

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** 128 bits are 26 digits of five bits, the first of which has three. */
function base32Of(bytes: Uint8Array): string {
  let text = "";
  let held = 0;
  let bits = 2;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += crockford[(held >>> bits) & 31]!;
    }
    held &= (1 << bits) - 1;
  }
  return text;
}
