/** The little of http-proxy that its server here uses; the package brings no types. */
declare module "http-proxy" {
  import type { Agent, IncomingMessage, ServerResponse } from "node:http";

  interface HttpProxy {
    web(request: IncomingMessage, response: ServerResponse): void;
    on(
      event: "error",
      listener: (error: Error, request: IncomingMessage, response: ServerResponse) => void,
    ): this;
  }

  const httpProxy: { createProxyServer(options: { target: string; agent: Agent }): HttpProxy };
  export default httpProxy;
}
