/** JSON of identities that nobody can change any more: a client who comes again is the same object. */
const texts = new WeakMap<object, string>();

/** @param identity as a handler assigned it */
export function identityText(identity: object): string {
  const known = texts.get(identity);
  if (known !== undefined) return known;
  const text = JSON.stringify(identity);
  if (isFrozen(identity)) texts.set(identity, text);
  return text;
}

/** Whether nothing in it can change. It has a JSON form, so it has no cycles. */
function isFrozen(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isFrozen);
}
