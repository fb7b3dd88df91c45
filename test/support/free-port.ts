import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";

/**
 * Lets a server listen on a loopback port that the system chooses.
 *
 * @returns the port
 */
export async function listenLocally(server: Server): Promise<number> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

/** Those that were told: the system gives the same one again as soon as nobody listens on it. */
const told = new Set<number>();

/** A loopback port that nobody listens on, another one each time, for programs that have to be told one. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenLocally(server);
  await once(server.close(), "close");
  if (told.has(port)) return freePort();
  told.add(port);
  return port;
}
