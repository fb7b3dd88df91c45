import type { ValueReader } from "../../route/conditions.ts";
import { endToEndFields } from "../../wire/connection-options.ts";
import type { RequestHead } from "../../wire/request-head.ts";

/**
 * What routes are chosen by. Without the fields that Connection names, or a client could choose a route by one
 * that the endpoint never sees.
 *
 * @param query as policies have left it
 * @param scheme null: no route asks for it
 */
export function routingFields(
  head: RequestHead,
  query: string,
  scheme: "http" | "https" | null,
): ValueReader {
  const fields = endToEndFields(head, head.connection);
  if (fields === head && query === head.query && scheme === null) return head;
  return { get: (name) => fields.get(name), query, scheme };
}
