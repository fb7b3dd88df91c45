/** Gives each page one address: one host, https, and no slash at the end. */
import { definePlugin } from "sluice/sdk";

export default definePlugin({
  description: "Redirects to the canonical form of the URL",
  config: {
    type: "object",
    properties: {
      /** With the port, unless it is 443. */
      host: { type: "string" },
    },
    required: ["host"],
    additionalProperties: false,
  },

  onRequest(request, { config }) {
    const { protocol, host, pathname, search } = new URL(request.url);
    const path = pathname === "/" ? "/" : withoutSlashes(pathname);
    if (protocol === "https:" && host === config.host && path === pathname) return;
    // One slash, or `//evil.example/` would become the address of another host.
    const location = `https://${config.host}/${path.replace(/^\/+/, "")}${search}`;
    // 308 and not 301: the method and the body stay (RFC 9110 section 15.4.9).
    return new Response(null, { status: 308, headers: { location } });
  },
});

/** By hand: `/\/+$/` looks at a run of slashes inside of the path again from each of them, and clients send thousands. */
function withoutSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  return path.slice(0, end);
}
