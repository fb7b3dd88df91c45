import type { FetchGrant, Grants } from "../config/model.ts";

/** What is asked for and not granted, in the words of the config. */
export function missingGrants(asked: Grants, granted: Grants): string[] {
  const missing: string[] = [];
  for (const grant of asked.fetch) {
    if (!granted.fetch.some((candidate) => covers(candidate, grant)))
      missing.push(`fetch ${originOf(grant)}`);
  }
  if (asked.kv && !granted.kv) missing.push("kv");
  if (asked.cache && !granted.cache) missing.push("cache");
  if (asked.identity && !granted.identity) missing.push("identity");
  for (const name of asked.env) if (!granted.env.includes(name)) missing.push(`env ${name}`);
  for (const place of asked.endpoints)
    if (!granted.endpoints.some((other) => isSamePlace(place, other))) missing.push(`endpoints ${place}`);
  return missing;
}

/** A grant covers what is written in the same way; one without `private` covers no private addresses. */
function covers(granted: FetchGrant, asked: FetchGrant): boolean {
  return originOf(granted) === originOf(asked) && (isPrivate(granted) || !isPrivate(asked));
}

function isSamePlace(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function originOf(grant: FetchGrant): string {
  return (typeof grant === "string" ? grant : grant.origin).toLowerCase().replace(/\/$/, "");
}

function isPrivate(grant: FetchGrant): boolean {
  return typeof grant === "object" && grant.private === true;
}
