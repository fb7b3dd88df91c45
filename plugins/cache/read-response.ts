import { type Governing, governingDirectives } from "./directives/targeted-directives.ts";
import { type FieldReader, type ResponseHead, readerOf } from "./fields.ts";
import { type Lifetime, lifetimeOf } from "./freshness.ts";
import type { CacheRules } from "./rules.ts";

/** A response that has just arrived, with what its fields mean to this cache. */
export interface ReadResponse extends ResponseHead {
  readonly reader: FieldReader;
  readonly governing: Governing;
  readonly lifetime: Lifetime;
}

/**
 * Reads once what the decisions about a response need.
 *
 * @param responded ms since the epoch when its head arrived
 */
export function readResponse(head: ResponseHead, responded: number, rules: CacheRules): ReadResponse {
  const { status, fields } = head;
  const reader = readerOf(fields);
  const governing = governingDirectives(reader, rules.targetedFields);
  return {
    status,
    fields,
    reader,
    governing,
    lifetime: lifetimeOf(status, reader, governing, responded, rules),
  };
}
