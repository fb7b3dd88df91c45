/** What is kept of a response besides the bytes of its body. */
import type { KeptBody } from "./stored-body.ts";

interface Texts {
  readonly key: string;
  readonly meta: string;
  readonly url: string | null;
  readonly tags: readonly string[];
}

/** What an entry and one of its tags cost besides their texts; measured on Node, in bytes. */
const entryBytes = 500;
const tagBytes = 150;
/** What even the smallest part of a body takes. */
const leastPart = 250;

/** Bytes of memory for all that is said of a response: a code unit may take two. */
export function textBytes({ key, meta, url, tags }: Texts): number {
  const labels = tags.reduce((sum, tag) => sum + 2 * tag.length + tagBytes, 0);
  return entryBytes + 2 * (key.length + meta.length + (url?.length ?? 0)) + labels;
}

/** Bytes of memory for a body; 0: it is elsewhere. */
export function bodyBytes(body: KeptBody): number {
  return "parts" in body ? body.parts.reduce((sum, part) => sum + memoryOf(part), 0) : 0;
}

/** Bytes of memory for a part of a body. */
export function memoryOf(part: Buffer): number {
  return Math.max(part.length, leastPart);
}
