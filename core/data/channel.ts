import type { ChildProcess, SendHandle } from "node:child_process";

/** Ordered messages in both directions, to another process or another thread. */
export interface Channel {
  /** What is sent after the other side has gone is lost without an error. */
  send(message: unknown, handle?: SendHandle): void;
  onMessage(listener: (message: unknown, handle: unknown) => void): void;
  onClose(listener: () => void): void;
}

/** Time to read what a process sent before it ended, in ms. */
const lastMessages = 50;

/** The channel to a forked process; to be made before the process can send anything. */
export function childChannel(child: ChildProcess): Channel {
  return {
    send(message, handle) {
      if (child.connected) {
        child.send(message as object, handle, {}, ignore);
      }
    },
    onMessage: (listener) => child.on("message", listener),
    onClose(listener) {
      let isClosed = false;
      const close = () => {
        if (!isClosed) listener();
        isClosed = true;
      };
      child.once("disconnect", close);
      // Of one that was killed before it took a handle, Node tells no disconnect: it waits for an answer.
      child.once("exit", () => isClosed || setTimeout(close, lastMessages));
      // Of one that could not be started for want of descriptors it tells nothing else.
      child.once("error", () => child.connected || close());
    },
  };
}

/** The channel to the process that forked this one. */
export function parentChannel(): Channel {
  const closed = Promise.withResolvers<void>();
  process.once("disconnect", closed.resolve);
  // Deno says nothing when the other side was killed with messages unread, but then what is sent fails.
  const onSent = (error: NodeJS.ErrnoException | null) => {
    if (error?.code === "EPIPE" || error?.code === "ECONNRESET") closed.resolve();
  };
  return {
    send(message, handle) {
      if (process.connected) {
        process.send?.(message, handle, {}, onSent);
      }
    },
    onMessage: (listener) => process.on("message", listener),
    onClose: (listener) => void closed.promise.then(listener),
  };
}

/** The channel between a thread and the one that started it. Handles do not cross. */
export function threadChannel(port: ThreadPort): Channel {
  return {
    send: (message) => port.postMessage(message),
    onMessage: (listener) => port.on("message", (message) => listener(message, undefined)),
    onClose: (listener) => port.on("exit", listener),
  };
}

/** A `Worker`, or inside it its `parentPort`, which ends with the thread and reports no exit. */
export interface ThreadPort {
  postMessage(message: unknown): void;
  on(event: "message", listener: (message: unknown) => void): unknown;
  on(event: "exit", listener: () => void): unknown;
}

// The close of the channel is reported by itself; the write that it interrupted is not news.
function ignore(): void {}
