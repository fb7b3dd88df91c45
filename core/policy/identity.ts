/** Whom a policy takes a client for: what a guest says of it, checked, as the text that other guests read. */
import { expectedIdentity, type IdentityShape, isIdentity } from "../../sdk/runtime/identity-shape.ts";
import { MalformedOutcome } from "./malformed-outcome.ts";

/** JSON, in code units: a token that fits into a head is not longer. */
const longest = 32 * 1024;

export interface KnownIdentity {
  readonly subject: string;
  /** JSON without spaces, for the context of a message (sdk/runtime/exchange.ts). */
  readonly text: string;
}

/** Edits that come again are the same object (outcome.ts), which nobody changes. */
const seen = new WeakMap<object, KnownIdentity>();

/**
 * @param value of a guest's edits; null: nobody is known
 * @throws MalformedOutcome when it is no identity
 */
export function readIdentity(value: unknown): KnownIdentity | null {
  if (value === null) return null;
  const known = typeof value === "object" ? seen.get(value) : undefined;
  if (known !== undefined) return known;
  if (!isIdentity(value)) throw new MalformedOutcome(`Cannot set the identity: ${expectedIdentity}`);
  const { subject } = value;
  const json = textFrom(value);
  if (json.length > longest) {
    throw new MalformedOutcome(`Cannot set the identity: it is longer than ${longest} characters of JSON`);
  }
  const identity = { subject, text: json.replaceAll(" ", "\\u0020") };
  seen.set(value, identity);
  return identity;
}

function textFrom({ subject, method, claims, scopes, groups }: IdentityShape): string {
  try {
    return JSON.stringify({ subject, method, claims, scopes, groups });
  } catch {
    // Reading JSON takes no stack, and writing it does.
    throw new MalformedOutcome("Cannot set the identity: its claims are nested too deeply");
  }
}
