/** Fields that are for one hop (RFC 9110 section 7.6.1): runs of others are copied as they came. */
import { ConnectionOption, namedForThisHop } from "../connection-options.ts";
import { fieldKind, Kind } from "../field-kind.ts";
import { type Head, scanFields } from "../head.ts";
import type { RequestHead } from "../request-head.ts";
import type { ResponseHead } from "../response-head.ts";

/** Kinds of fields that never go on. */
export const hopByHop: number = Kind.connection | Kind.hop | Kind.te | Kind.upgrade;

/** Kinds of fields that tell where a body ends. */
export const framingKinds: number = Kind.contentLength | Kind.transferEncoding;

/**
 * The head from `from` on, without its empty line and without what is for this hop.
 *
 * @param cut kinds of fields that are left out
 */
export function withoutHopFields(head: RequestHead | ResponseHead, cut: number, from: number): string {
  if ((head.connection & ConnectionOption.named) === 0) return head.withoutKinds(cut, from);
  return withoutNamedFields(head, cut, from);
}

/**
 * Also cuts what Connection names. It cannot name away a field that the proxy knows: one
 * that frames the message or that it sets itself [CVE-2024-45410].
 */
function withoutNamedFields(head: Head, cut: number, from: number): string {
  const { raw } = head;
  const named = namedForThisHop(head);
  let out = raw.slice(from, head.fieldsStart);
  scanFields(raw, head.fieldsStart, head.fieldsEnd, (start, nameEnd, _valueStart, _valueEnd, end) => {
    const kind = fieldKind(raw, start, nameEnd - start);
    const isCut =
      kind === Kind.other ? named.has(raw.slice(start, nameEnd).toLowerCase()) : (kind & cut) !== 0;
    if (!isCut) out += raw.slice(start, end);
  });
  return out;
}
