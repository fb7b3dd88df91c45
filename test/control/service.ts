import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Test } from "tap";

export interface Service {
  readonly url: string;
  /** Requests for `/held`, which nobody answers until the test does. */
  readonly held: ServerResponse[];
  /** Resolves with the next request for `/held`. */
  nextHeld(): Promise<ServerResponse>;
}

/** The service beside the proxy: answers its name, and holds what the test wants to see in flight. */
export async function startService(t: Test, name = "service"): Promise<Service> {
  const held: ServerResponse[] = [];
  let arrived = Promise.withResolvers<ServerResponse>();
  const server = createServer((request, response) => {
    if (request.url === "/held") {
      held.push(response);
      arrived.resolve(response);
      arrived = Promise.withResolvers();
    } else {
      response.end(name);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, held, nextHeld: () => arrived.promise };
}
