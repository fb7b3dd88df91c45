import { expectedIdentity, isIdentity } from "./identity-shape.ts";

// As it was before the plugin ran.
const { stringify } = JSON;

/** JSON of identities that nobody can change any more: a client who comes again is the same object. */
const texts = new WeakMap<object, string>();

/**
 * The host looks again; here the fault has a place.
 *
 * @throws TypeError when it is no identity
 */
export function assertIdentity(value: object): void {
  if (texts.has(value) || isIdentity(value)) return;
  throw new TypeError(`Cannot set ctx.identity: ${expectedIdentity}`);
}

/** @param identity as a handler assigned it */
export function identityText(identity: object): string {
  const known = texts.get(identity);
  if (known !== undefined) return known;
  const text = stringify(identity);
  if (isFrozen(identity)) texts.set(identity, text);
  return text;
}

/** Whether nothing in it can change. It has a JSON form, so it has no cycles. */
function isFrozen(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isFrozen);
}
