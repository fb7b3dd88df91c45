/** Values among a handler's edits. They were JSON: an object in the place of a text can be told to have none. */
import { MalformedOutcome } from "./malformed-outcome.ts";

/** Longer than any of these is in earnest, in code units: a URL is the longest. */
const longest = 64 * 1024;

export interface BodyOwner {
  /** A body is about to take the place of another one; throws when it may not. */
  onBodyEdited(body: string | Uint8Array): void;
}

/** @param value no text stands for `bytes` */
export function editedBody(
  value: unknown,
  bytes: Uint8Array | undefined,
  owner: BodyOwner,
): string | Uint8Array {
  const body = typeof value === "string" ? value : (bytes ?? "");
  owner.onBodyEdited(body);
  return body;
}

/** @throws MalformedOutcome when the value is no text, or too long a one */
export function editedText(value: unknown, what: string): string {
  if (typeof value === "string" && value.length <= longest) return value;
  throw new MalformedOutcome(`Cannot change the ${what}: expected a text of at most ${longest} characters`);
}

/** @throws MalformedOutcome when the value is no priority */
export function editedPriority(value: unknown): 0 | 1 | 2 | 3 {
  if (value === 0 || value === 1 || value === 2 || value === 3) return value;
  throw new MalformedOutcome("Cannot change the priority: expected 0, 1, 2 or 3");
}

/** @throws MalformedOutcome when the value cannot stand in a field, in a log and in a list of words */
export function editedRequestId(value: unknown): string {
  if (typeof value === "string" && /^[\x21-\x7e]{1,128}$/.test(value)) return value;
  throw new MalformedOutcome(
    "Cannot change the id of the request: expected 1 to 128 visible ASCII characters",
  );
}
