/** X-Request-Id: kept from a trusted peer, else made. */
import { Kind } from "../../wire/field-kind.ts";
import type { RequestHead } from "../../wire/request-head.ts";
import { randomUuid } from "./random-uuid.ts";

const usable = /^[\x21-\x7e]{1,128}$/;

export function requestIdOf(head: RequestHead, trusted: boolean): string {
  if (trusted && head.countOf(Kind.xRequestId) === 1) {
    const given = head.marked(Kind.xRequestId)!;
    if (usable.test(given)) return given;
  }
  return randomUuid();
}
