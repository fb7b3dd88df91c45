import type { Socket } from "node:net";
import { ask } from "./ask.ts";
import { connect, requestBytes } from "./connection.ts";
import type { Load, Target } from "./load.ts";

const opening = 64;
const answerTimeoutMs = 20_000;

/**
 * Opens `count` connections, at most 64 at a time, makes one request on each and leaves them open.
 *
 * @returns how many were answered and are open
 */
export async function hold(load: Load, target: Target, count: number): Promise<number> {
  const request = requestBytes(load, target)[0] as Buffer;
  const open = new Set<Socket>();
  let started = 0;

  async function openInTurn(): Promise<void> {
    while (started < count) {
      started++;
      const socket = connect(target);
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      if (!(await ask(socket, request, answerTimeoutMs))) socket.destroy();
    }
  }

  await Promise.all(Array.from({ length: opening }, openInTurn));
  return open.size;
}
