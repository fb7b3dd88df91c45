import { standardOutput } from "../observe/line-output.ts";
import { createLogger } from "../observe/logger.ts";
import { beatInterval, sendBeat, serveCalls } from "./calls.ts";
import { type Channel, parentChannel, type ThreadPort, threadChannel } from "./channel.ts";
import { type HandleMessage, HandleTable } from "./handles.ts";
import { ReactorPlane } from "./reactor-plane.ts";
import { ReactorPool, type ReactorThreadData } from "./reactor-pool.ts";

/** Serves the control process that forked this one, until it hangs up. */
export function serveProcess(reactors: number): void {
  const channel = parentChannel();
  endWithControl(channel);
  if (reactors === 1) {
    serveOneReactor(channel);
  } else {
    servePool(channel, new ReactorPool(reactors));
  }
}

/** Serves the main thread of the data process from a thread of its own. */
export function serveThread(port: ThreadPort, { reactor }: ReactorThreadData): void {
  const channel = threadChannel(port);
  const handles = new HandleTable();
  channel.onMessage((message) => {
    const { handle, fd } = message as Partial<HandleMessage> & { fd?: number };
    if (handle !== undefined) {
      handles.add(handle, { fd });
    }
  });
  serveCalls(channel, new ReactorPlane({ handles, reactor, reusePort: true }));
  setInterval(() => sendBeat(channel), beatInterval);
}

function serveOneReactor(channel: Channel): void {
  const handles = new HandleTable();
  channel.onMessage((message, socket) => {
    const { handle } = message as Partial<HandleMessage>;
    if (handle !== undefined) {
      handles.add(handle, socket);
    }
  });
  serveCalls(channel, new ReactorPlane({ handles, reactor: 0, reusePort: false }));
  setInterval(() => sendBeat(channel), beatInterval);
}

function servePool(channel: Channel, pool: ReactorPool): void {
  channel.onMessage((message, socket) => {
    if ("handle" in (message as object)) {
      pool.adopt(message as HandleMessage, socket);
    }
  });
  serveCalls(channel, pool);
  setInterval(() => {
    if (pool.takeBeat()) {
      sendBeat(channel);
    }
  }, beatInterval);
}

/**
 * The control process decides when this one ends: signals that a terminal or a service manager
 * sends to the whole group are left to it. Without it nobody would supervise, reload or drain.
 */
function endWithControl(channel: Channel): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {});
  }
  channel.onClose(() => process.exit(0));
  process.on("uncaughtException", (error) => {
    createLogger({ level: "error", pretty: false }, { process: "data" }).error(
      { err: error },
      "Data process failed",
    );
    standardOutput().flushSync();
    process.exit(1);
  });
}
