/**
 * Fields that frame a message or that the proxy sets itself. Guests may read them, not set them. The host
 * holds to the same rule whatever a guest does to this list (core/policy/field-edits.ts).
 */
const owned = new Set([
  "connection",
  "content-length",
  "expect",
  "forwarded",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-request-id",
]);

/** Names that were asked about: programs use few. */
const known = new Map<string, boolean>();
const mostKnown = 256;

/** Whether a field belongs to the proxy, or looks like one that does to servers that take `_` for `-`; `name` in lower case. */
export function isOwnedField(name: string): boolean {
  const answer = known.get(name);
  return answer === undefined ? judge(name) : answer;
}

function judge(name: string): boolean {
  const isOwned = owned.has(name) || owned.has(name.replaceAll("_", "-"));
  if (known.size < mostKnown) known.set(name, isOwned);
  return isOwned;
}
