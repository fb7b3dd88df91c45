import { isProxyField } from "../shared/proxy-fields.ts";

/**
 * Refuses fields that a policy cannot set: one of them would be a fault with the first request.
 *
 * @throws Error that names the setting and the field
 *
 * @example
 * checkSettable(["x-user", "content-length"], "responseHeaders"); // throws
 */
export function checkSettable(names: readonly string[], setting: string): void {
  const owned = names.find(isProxyField);
  if (owned !== undefined) throw new Error(`${setting} has ${owned}, which the proxy writes itself`);
}
