import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Test } from "tap";

/** An authorization server that many use (oidc-provider), as far as tokens that say nothing themselves are concerned. */
export interface TokenServer {
  readonly origin: string;
  readonly endpoint: string;
  /** Questions that it was asked. */
  readonly asked: () => number;
  /** A token for `orders` with the scope `orders:read`. */
  issue(): Promise<string>;
  revoke(token: string): Promise<void>;
  /** Whether it breaks connections off. */
  isDown: boolean;
}

/** What this proxy is to the server. The colon has to be encoded (RFC 6749, section 2.3.1). */
export const gatewayClient = { clientId: "gateway:1", clientSecret: "s%20cr:t + 0123456789abcdef0123456789" };
const serviceClient = { client_id: "service", client_secret: "0123456789abcdef0123456789abcdef" };

/** Starts one on a port of its own, until the test ends. */
export async function startTokenServer(t: Test): Promise<TokenServer> {
  // It has no types of its own.
  const { Provider } = await import("oidc-provider" as string);
  const http = createServer();
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    http.closeAllConnections();
    http.close();
  });
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const machine = { redirect_uris: [], response_types: [], grant_types: ["client_credentials"] };
  const scope = "orders:read";
  const provider = new Provider(origin, {
    clients: [
      { ...machine, ...serviceClient, scope, token_endpoint_auth_method: "client_secret_post" },
      { ...machine, client_id: gatewayClient.clientId, client_secret: gatewayClient.clientSecret },
      {
        ...machine,
        client_id: "poster",
        client_secret: gatewayClient.clientSecret,
        token_endpoint_auth_method: "client_secret_post",
      },
    ],
    scopes: [scope],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: async () => true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: async () => "urn:orders",
        getResourceServerInfo: async () => ({ scope, audience: "orders", accessTokenFormat: "opaque" }),
      },
    },
    ttl: { ClientCredentials: 3600 },
  });
  const handle = provider.callback();
  let asked = 0;
  const server = {
    origin,
    endpoint: `${origin}/token/introspection`,
    asked: () => asked,
    isDown: false,
    async issue() {
      const { access_token: token } = await post("/token", { grant_type: "client_credentials", scope });
      return token as string;
    },
    async revoke(token: string) {
      await post("/token/revocation", { token });
    },
  };
  async function post(path: string, form: Record<string, string>): Promise<Record<string, unknown>> {
    const body = new URLSearchParams({ ...form, ...serviceClient });
    const response = await fetch(origin + path, { method: "POST", body });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} answered ${response.status} ${text}`);
    return text === "" ? {} : JSON.parse(text);
  }
  http.on("request", (request, response) => {
    if (request.url === "/token/introspection") asked++;
    if (server.isDown) request.socket.destroy();
    else handle(request, response);
  });
  return server;
}
