/** What the service that decides has answered. */
import type { Identity } from "sluice/sdk";
import type { ForwardAuthConfig } from "./config.ts";

type Fields = Response["headers"];

/** Somebody may go on. */
export interface Allowed {
  readonly identity: Identity;
  /** Fields of the request; null: it is removed. */
  readonly fields: readonly (readonly [name: string, value: string | null])[];
  readonly isKept: boolean;
}

/** @returns null: it does not say who it is */
export function readAllowed(fields: Fields, config: ForwardAuthConfig): Allowed | null {
  const subject = config.subjectHeader === "" ? config.subject : fields.get(config.subjectHeader);
  if (subject === null || subject === "" || subject.length > 1024) return null;
  const claims = Object.entries(config.claims)
    .map(([claim, name]) => [claim, fields.get(name)] as const)
    .filter(([, value]) => value !== null);
  return {
    identity: {
      subject,
      method: "forward-auth",
      claims: Object.fromEntries(claims),
      scopes: partsOf(fields, config.scopesHeader, " "),
      groups: partsOf(fields, config.groupsHeader, ","),
    },
    fields: config.responseHeaders.map((name) => [name, fields.get(name)] as const),
    // RFC 9111, section 5.2.2; what is kept here is not shared with others than cacheBy says.
    isKept: !/\bno-(?:store|cache)\b/i.test(fields.get("cache-control") ?? ""),
  };
}

function partsOf(fields: Fields, name: string, separator: string): string[] {
  const text = name === "" ? null : fields.get(name);
  const parts = text?.split(separator).map((part) => part.trim()) ?? [];
  return parts.filter((part) => part !== "");
}

/** Statuses that are the service's own decision; a 304 or a 500 decides nothing. */
export function isDenial(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status) || (status >= 400 && status < 500);
}

/**
 * The reply to the client, with the fields that were chosen. Nobody stores it: it is about one client.
 *
 * @param body null: it was left out
 */
export function replyOf(
  status: number,
  fields: Fields,
  names: readonly string[],
  body: Uint8Array<ArrayBuffer> | null,
): Response {
  const reply = new Response(body, { status });
  for (const name of names) copy(name.toLowerCase(), fields, reply.headers);
  if (body !== null) copy("content-type", fields, reply.headers);
  reply.headers.set("cache-control", "no-store");
  return reply;
}

function copy(name: string, from: Fields, to: Fields): void {
  if (name === "set-cookie") for (const cookie of from.getSetCookie()) to.append(name, cookie);
  else {
    const value = from.get(name);
    if (value !== null) to.set(name, value);
  }
}
