/** Fields that frame a message or that the proxy writes itself: a policy that set one would fail at each request. */
const owned =
  /^(?:connection|content-length|expect|forwarded|host|http2-settings|keep-alive|proxy(?:-.*)?|te|trailer|transfer-encoding|upgrade|via|x-forwarded-(?:for|host|proto)|x-request-id)$/;

/**
 * @throws Error that names the setting and the field
 *
 * @example
 * checkSettable(["x-user", "content-length"], "responseHeaders"); // throws
 */
export function checkSettable(names: readonly string[], setting: string): void {
  for (const name of names) {
    if (owned.test(name.toLowerCase().replaceAll("_", "-"))) {
      throw new Error(`${setting} has ${name}, which the proxy writes itself`);
    }
  }
}
