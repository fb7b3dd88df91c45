import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { toListenError } from "./listen-error.ts";

/** Owner and group may connect. */
const socketMode = 0o660;

/**
 * Makes the path free to bind: the socket that a killed process left behind refuses connections and is
 * removed. One that somebody listens on, or a file of another kind, is left alone.
 *
 * @throws ListenError `EADDRINUSE` when the socket is alive, `ENOTSOCK` when the file is no socket.
 */
export async function claimSocketPath(path: string): Promise<void> {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (!stat.isSocket()) throw Object.assign(new Error("Not a socket"), { code: "ENOTSOCK" });
    if (await isAlive(path)) throw Object.assign(new Error("Socket is alive"), { code: "EADDRINUSE" });
    unlinkSync(path);
  } catch (error) {
    throw toListenError(error, { path });
  }
}

/** Lets a proxy that runs as another user of the group connect. */
export function shareSocketPath(path: string): void {
  chmodSync(path, socketMode);
}

function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.on("connect", () => {
      resolve(true);
      socket.destroy();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(false);
      // A full accept queue: somebody listens, too busy to accept.
      else if (error.code === "EAGAIN") resolve(true);
      else reject(error);
    });
  });
}
