/** How important the requests of a route are. */
import type { RouteConfig } from "../model.ts";
import { isToken } from "../names.ts";
import type { RouteInFile } from "../schema/route.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";
import { defaultPriority } from "../traffic-defaults.ts";

/** What the proxy writes itself, or what frames a message, it cannot write anything else into. */
const taken =
  /^(host|connection|content-length|transfer-encoding|te|trailer|upgrade|expect|via|keep-alive|http2-settings|forwarded|x-request-id|x-real-ip|x[-_]forwarded.*|proxy.*)$/i;

/** Whether the proxy can write something of its own into a field of that name. */
export function isOwnField(name: string): boolean {
  return isToken(name) && !taken.test(name);
}

/** What is wrong with it is reported to the source. */
export function resolvePriority(
  priority: RouteInFile["priority"],
  path: Path,
  source: ConfigSource,
): Pick<RouteConfig, "priority" | "priorityHeader"> {
  if (priority === undefined) return { priority: defaultPriority, priorityHeader: null };
  if (typeof priority === "number")
    return { priority: priority as RouteConfig["priority"], priorityHeader: null };
  const { header, default: otherwise = defaultPriority, from = "trusted" } = priority;
  if (header === undefined) source.report(path, "expected header beside default, found none");
  else if (!isOwnField(header))
    source.expect([...path, "header"], 'the name of a field such as "x-priority"', header);
  return {
    priority: otherwise as RouteConfig["priority"],
    priorityHeader: { name: (header ?? "").toLowerCase(), fromAnyone: from === "anyone" },
  };
}
