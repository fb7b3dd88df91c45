/** What frames a message or is written by the proxy: an edit of it would fail with the first request. */
const owned = new Set(
  `connection content-length expect forwarded host http2-settings keep-alive proxy proxy-authorization proxy-connection
  te trailer transfer-encoding upgrade via x-forwarded-for x-forwarded-host x-forwarded-proto x-request-id`.split(
    /\s+/,
  ),
);

export function isProxyField(name: string): boolean {
  return owned.has(name.toLowerCase().replaceAll("_", "-"));
}
