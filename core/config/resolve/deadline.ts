/** The field in which a route tells endpoints how much time is left. */
import type { DeadlineHeader } from "../model.ts";
import type { RouteInFile } from "../schema/route.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";
import { isOwnField } from "./priority.ts";

/**
 * What is wrong with it is reported to the source.
 *
 * @param priorityHeader the other field that the proxy writes, in lower case; null: it writes none
 */
export function resolveDeadlineHeader(
  written: RouteInFile["deadlineHeader"],
  priorityHeader: string | null,
  path: Path,
  source: ConfigSource,
): DeadlineHeader | null {
  if (written === undefined || written === false) return null;
  const { header, from = "nobody" } = typeof written === "string" ? { header: written } : written;
  const place = typeof written === "string" ? path : [...path, "header"];
  const name = (header ?? "").toLowerCase();
  if (header === undefined) source.report(path, "expected header beside from, found none");
  else if (!isOwnField(name))
    source.expect(place, 'the name of a field such as "x-request-timeout-ms"', header);
  else if (name === priorityHeader) source.expect(place, "another field than that of priority", header);
  return { name, from };
}
