import { standardOutput } from "../observe/line-output.ts";
import { createLogger } from "../observe/logger.ts";
import { tellPlugin } from "../sandbox/inline/rejections.ts";
import { beatInterval, sendBeat, serveCalls } from "./calls.ts";
import { type Channel, parentChannel, type ThreadPort, threadChannel } from "./channel.ts";
import { EntryTrace, traceDescriptor } from "./entry-trace.ts";
import { type HandleMessage, HandleTable } from "./handles.ts";
import { ReactorPlane } from "./reactor-plane.ts";
import { ReactorPool, type ReactorThreadData } from "./reactor-pool.ts";

/**
 * Serves the control process that forked this one, until it hangs up.
 *
 * @param exactTrace for how long each entry into a guest is traced, in ms; null: nothing is
 */
export function serveProcess(reactors: number, exactTrace: number | null): void {
  const channel = parentChannel();
  endWithControl(channel);
  if (reactors === 1) {
    serveOneReactor(channel, exactTrace);
  } else {
    servePool(channel, new ReactorPool(reactors, exactTrace));
  }
}

/** Serves the main thread of the data process from a thread of its own. */
export function serveThread(
  port: ThreadPort,
  { reactor, exactTrace, memory, upstreamMemory }: ReactorThreadData,
): void {
  surviveRejections();
  const channel = threadChannel(port);
  const handles = new HandleTable();
  channel.onMessage((message) => {
    const { handle, fd } = message as Partial<HandleMessage> & { fd?: number };
    if (handle !== undefined) {
      handles.add(handle, { fd });
    }
  });
  const trace = openTrace(reactor, exactTrace);
  serveCalls(channel, new ReactorPlane({ handles, reactor, reusePort: true, trace, memory, upstreamMemory }));
  keepBeating(channel, trace);
}

function serveOneReactor(channel: Channel, exactTrace: number | null): void {
  const handles = new HandleTable();
  channel.onMessage((message, socket) => {
    const { handle } = message as Partial<HandleMessage>;
    if (handle !== undefined) {
      handles.add(handle, socket);
    }
  });
  const trace = openTrace(0, exactTrace);
  serveCalls(channel, new ReactorPlane({ handles, reactor: 0, reusePort: false, trace }));
  keepBeating(channel, trace);
}

function openTrace(reactor: number, exactTrace: number | null): EntryTrace | null {
  return exactTrace === null ? null : new EntryTrace(traceDescriptor, reactor, exactTrace);
}

/** The first beat says that the process has booted: from then on it is missed when it stands still. */
function keepBeating(channel: Channel, trace: EntryTrace | null): void {
  sendBeat(channel);
  setInterval(() => {
    trace?.beat();
    sendBeat(channel);
  }, beatInterval);
}

function servePool(channel: Channel, pool: ReactorPool): void {
  channel.onMessage((message, socket) => {
    if ("handle" in (message as object)) {
      pool.adopt(message as HandleMessage, socket);
    }
  });
  serveCalls(channel, pool);
  // With the last reactor, and not by another clock: a beat that had just missed it would be told late.
  pool.onBeat = () => sendBeat(channel);
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
  surviveRejections();
  process.on("uncaughtException", (error) => {
    createLogger({ level: "error", pretty: false }, { process: "data" }).error(
      { err: error },
      "Data process failed",
    );
    standardOutput().flushSync();
    process.exit(1);
  });
}

/** A plugin that runs inline may leave a rejected promise lying about: no reason to end anybody's requests. */
function surviveRejections(): void {
  process.on("unhandledRejection", (error) => {
    if (tellPlugin(error)) return;
    createLogger({ level: "error", pretty: false }, { process: "data" }).error(
      { err: error },
      "A promise was rejected and nobody listened",
    );
  });
}
