import { randomInt } from "node:crypto";
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

/** Systems give none of these to connections, or to whoever lets them choose: what is free here stays so for a while. Browsers refuse 10080. */
const first = 10_100;
const last = 32_000;

/** Those that were told. */
const told = new Set<number>();

/** A loopback port that nobody listens on, another one each time, for programs that have to be told one. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(first, last);
    if (told.has(port) || !(await isFree(port))) continue;
    told.add(port);
    return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, "127.0.0.1"), "listening");
  } catch {
    return false;
  }
  await once(server.close(), "close");
  return true;
}
