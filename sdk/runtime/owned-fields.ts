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

/** Whether a field belongs to the proxy, or looks like one that does to servers that take `_` for `-`; `name` in lower case. */
export function isOwnedField(name: string): boolean {
  return owned.has(name) || (name.includes("_") && owned.has(name.replaceAll("_", "-")));
}
