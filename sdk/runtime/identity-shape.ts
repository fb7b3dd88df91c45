const { isArray } = Array;

/** What `ctx.identity` may be besides null. */
export interface IdentityShape {
  readonly subject: string;
  readonly method: string;
  readonly claims: object;
  readonly scopes: readonly string[];
  readonly groups: readonly string[];
}

export const expectedIdentity =
  "expected { subject, method, claims, scopes, groups } with texts, an object and lists of texts";

export function isIdentity(value: unknown): value is IdentityShape {
  if (!isObject(value)) return false;
  const { subject, method, claims, scopes, groups } = value as Record<string, unknown>;
  return isName(subject) && isName(method) && isObject(claims) && areTexts(scopes) && areTexts(groups);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= 1024;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !isArray(value);
}

function areTexts(value: unknown): boolean {
  return isArray(value) && value.every((item) => typeof item === "string");
}
