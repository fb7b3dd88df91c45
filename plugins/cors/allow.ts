import { addVary, type Fields } from "../shared/vary.ts";
import { isAmong } from "./origins.ts";
import type { Rules } from "./rules.ts";

const allowOrigin = "access-control-allow-origin";

/** Every field of a response that CORS knows. */
const all = [
  allowOrigin,
  "access-control-allow-credentials",
  "access-control-expose-headers",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-allow-private-network",
  "access-control-max-age",
];

/**
 * Value of Access-Control-Allow-Origin; null: none.
 *
 * @param origin of the request; null: it said none
 */
export function allowedOrigin(origin: string | null, rules: Rules): string | null {
  if (rules.isPublic) return "*";
  return origin !== null && isAmong(origin, rules.origins) ? origin : null;
}

/**
 * Puts on a response who may read it (Fetch section 3.3.3). It varies by Origin also where it is for nobody: a cache
 * would give that one to those who may read it.
 *
 * @param origin of the request; null: it said none
 */
export function allowReading(fields: Fields, origin: string | null, rules: Rules): void {
  if (!rules.isPublic) addVary(fields, "Origin");
  if (rules.keepsService && fields.has(allowOrigin)) return;
  for (const name of all) fields.delete(name);
  const allowed = allowedOrigin(origin, rules);
  if (allowed === null) return;
  putOrigin(fields, allowed, rules);
  if (rules.expose !== "") fields.set("access-control-expose-headers", rules.expose);
}

export function putOrigin(fields: Fields, allowed: string, { credentials }: Rules): void {
  fields.set(allowOrigin, allowed);
  if (credentials) fields.set("access-control-allow-credentials", "true");
}
