import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** Waits until something accepts connections on a loopback port: for servers that do not say when they listen. */
export async function accepting(port: number): Promise<void> {
  while (!(await accepts(port))) await delay(20);
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
