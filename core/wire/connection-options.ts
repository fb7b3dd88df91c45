/** The Connection field (RFC 9110 section 7.6.1). */
import { fieldKind, Kind } from "./field-kind.ts";
import { type Head, listMembers } from "./head.ts";

export const ConnectionOption = {
  close: 1,
  keepAlive: 2,
  upgrade: 4,
  /** It names other fields, which are for this hop only. */
  named: 8,
} as const;

/** Options of the Connection fields of a head, as bits. */
export function connectionOptions(head: Head): number {
  if ((head.kinds & Kind.connection) === 0) return 0;
  const value = head.markedAll(Kind.connection)!.toLowerCase();
  if (value === "keep-alive") return ConnectionOption.keepAlive;
  if (value === "close") return ConnectionOption.close;
  let options = 0;
  for (const option of listMembers(value)) options |= optionBit(option);
  return options;
}

function optionBit(option: string): number {
  switch (option) {
    case "":
      return 0;
    case "close":
      return ConnectionOption.close;
    case "keep-alive":
      return ConnectionOption.keepAlive;
    case "upgrade":
      return ConnectionOption.upgrade;
    default:
      return ConnectionOption.named;
  }
}

/** Names in lower case that Connection declares to be for this hop only. */
export function namedForThisHop(head: Head): Set<string> {
  const value = head.markedAll(Kind.connection) ?? "";
  return new Set(listMembers(value.toLowerCase()));
}

/** Reads fields as the next hop will see them: what Connection names away is not there. */
export function endToEndFields(head: Head, options: number): { get(name: string): string | null } {
  if ((options & ConnectionOption.named) === 0) return head;
  const named = namedForThisHop(head);
  const isCut = (name: string) => named.has(name) && fieldKind(name, 0, name.length) === Kind.other;
  return { get: (name) => (isCut(name) ? null : head.get(name)) };
}

/**
 * Whether the connection stays open after this message, by the sender's word
 * (RFC 9112 section 9.3).
 */
export function keepsAlive(head: Head, options: number): boolean {
  if ((options & ConnectionOption.close) !== 0) return false;
  return head.minor === 1 || (options & ConnectionOption.keepAlive) !== 0;
}
