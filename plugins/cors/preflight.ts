import { addVary, type Fields } from "../shared/vary.ts";
import { allowedOrigin, putOrigin } from "./allow.ts";
import type { Rules } from "./rules.ts";

/** As much of a request as is used. */
export interface Asking {
  readonly method: string;
  readonly headers: Pick<Fields, "get" | "has">;
}

const token = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/** More than browsers send; an answer is not to be made long by a request. */
const longest = 4096;

/**
 * Whether it asks for leave to send another request (Fetch section 3.3.2). An OPTIONS without these fields is for the
 * service.
 */
export function isPreflight({ method, headers }: Asking): boolean {
  return method === "OPTIONS" && headers.has("origin") && headers.has("access-control-request-method");
}

/**
 * Puts the answer to a preflight on fields.
 *
 * @returns whether its origin is allowed; the rest is for the browser to compare, which says what was missing
 */
export function answerPreflight(fields: Fields, { headers }: Asking, rules: Rules): boolean {
  addVary(fields, varying(rules));
  const allowed = allowedOrigin(headers.get("origin"), rules);
  if (allowed === null) return false;
  putOrigin(fields, allowed, rules);
  const methods = rules.methods ?? requested(headers.get("access-control-request-method"));
  if (methods !== "") fields.set("access-control-allow-methods", methods);
  const names = rules.headers ?? requested(headers.get("access-control-request-headers"));
  if (names !== "") fields.set("access-control-allow-headers", names);
  if (rules.privateNetwork && headers.get("access-control-request-private-network") === "true") {
    fields.set("access-control-allow-private-network", "true");
  }
  fields.set("access-control-max-age", rules.maxAge);
  return true;
}

function varying({ isPublic, privateNetwork }: Rules): string {
  const names = ["Access-Control-Request-Method", "Access-Control-Request-Headers"];
  if (!isPublic) names.unshift("Origin");
  if (privateNetwork) names.push("Access-Control-Request-Private-Network");
  return names.join(", ");
}

/** Names that were asked for, if they are names: `*` would allow more than the one that was meant. */
function requested(list: string | null): string {
  if (list === null || list.length > longest) return "";
  const names = list
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return names.every((name) => token.test(name)) ? names.join(", ") : "";
}
