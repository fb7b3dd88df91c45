import type { Socket } from "node:net";
import { ResponseReader } from "./response-reader.ts";

/**
 * Sends one request and waits for the whole response; the connection stays open.
 *
 * @returns whether it was answered with a 2xx status within `timeoutMs`
 */
export function ask(socket: Socket, request: Buffer, timeoutMs: number): Promise<boolean> {
  const reader = new ResponseReader();
  return new Promise((resolve) => {
    const timeout = setTimeout(() => socket.destroy(), timeoutMs);
    function settle(success: boolean): void {
      clearTimeout(timeout);
      resolve(success);
    }
    // A failed connection is closed, too.
    socket.on("error", () => {});
    socket.once("close", () => settle(false));
    socket.on("data", (chunk: Buffer) => reader.feed(chunk) && settle(reader.success));
    socket.write(request);
  });
}
