/** Redirects as in the fetch standard ("HTTP-redirect fetch"), with fewer of them allowed. */
import { HostCallError } from "../error.ts";
import { parseTarget, type Target } from "../outbound/target.ts";
import type { Field } from "./fields.ts";
import type { FetchRequest } from "./message.ts";

/** One request on the way: what is sent where. */
export interface Hop extends Pick<FetchRequest, "method" | "fields" | "body"> {
  readonly target: Target;
}

const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];
const describeBody: readonly string[] = [
  "content-encoding",
  "content-language",
  "content-location",
  "content-type",
];
/** Fetch standard and RFC 9110 section 15.4: what one origin was trusted with, another must not see. */
const credentials: readonly string[] = ["authorization", "cookie"];

/** Whether a response sends its client elsewhere; without one clear Location it does not. */
export function isRedirect(status: number, locations: readonly string[]): boolean {
  return redirectStatuses.includes(status) && locations.length > 0;
}

/**
 * The request that follows a redirect. Whether its target is granted is checked like that of any request.
 *
 * @throws HostCallError TypeError when it cannot be followed
 */
export function followRedirect(hop: Hop, status: number, locations: readonly string[]): Hop {
  if (locations.length > 1) throw unfollowable(hop, status, "more than one Location");
  const target = redirectTarget(hop, status, locations[0]!);
  if (becomesGet(hop.method, status)) {
    return { target, method: "GET", fields: kept(hop, target, describeBody), body: null };
  }
  if (hop.body === "stream")
    throw unfollowable(hop, status, "a body that was streamed, which cannot be sent again");
  return { ...hop, target, fields: kept(hop, target, []) };
}

function redirectTarget(hop: Hop, status: number, location: string): Target {
  try {
    return parseTarget(utf8Location(location), hop.target);
  } catch (error) {
    throw unfollowable(hop, status, `a Location that cannot be used (${(error as Error).message})`);
  }
}

/** Fields arrive as latin1; servers write UTF-8 into this one. */
function utf8Location(location: string): string {
  return Buffer.from(location, "latin1").toString("utf8");
}

function becomesGet(method: string, status: number): boolean {
  if (status === 303) return method !== "GET" && method !== "HEAD";
  return method === "POST" && (status === 301 || status === 302);
}

function kept(hop: Hop, target: Target, dropped: readonly string[]): Field[] {
  const secret = target.origin === hop.target.origin ? [] : credentials;
  return hop.fields.filter(([name]) => !dropped.includes(name) && !secret.includes(name));
}

function unfollowable(hop: Hop, status: number, what: string): HostCallError {
  return new HostCallError("TypeError", `redirect ${status} of ${hop.target.origin} has ${what}`);
}
