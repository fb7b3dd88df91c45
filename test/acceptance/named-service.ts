import { createServer, type ServerResponse } from "node:http";
import type { Test } from "tap";
import { listenLocally } from "../support/free-port.ts";

export interface NamedService {
  readonly url: string;
  /** The response to `/held`, begun and left open, once it is asked for. */
  readonly held: Promise<ServerResponse>;
}

/** A service that answers with its name, and with the id of the request in `X-Seen-Id`. */
export async function startNamed(t: Test, name: string): Promise<NamedService> {
  const held = Promise.withResolvers<ServerResponse>();
  const server = createServer((request, response) => {
    response.setHeader("x-seen-id", request.headers["x-request-id"] ?? "");
    if (request.url !== "/held") return void response.end(name);
    response.write("some");
    held.resolve(response);
  });
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${await listenLocally(server)}`, held: held.promise };
}
