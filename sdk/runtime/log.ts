import { callerPosition } from "./caller-position.ts";
import { describeFault } from "./fault.ts";
import { callText } from "./host.ts";
import { HostOp } from "./host-op.ts";

export interface Logger {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

function write(level: string, message: string, fields: object | undefined): void {
  callText(
    HostOp.log,
    JSON.stringify({ level, message: String(message), fields, position: callerPosition() }),
  );
}

export const log: Logger = Object.freeze({
  debug: (message: string, fields?: object) => write("debug", message, fields),
  info: (message: string, fields?: object) => write("info", message, fields),
  warn: (message: string, fields?: object) => write("warn", message, fields),
  error: (message: string, fields?: object) => write("error", message, fields),
});

/** An error that has no caller to catch it. */
export function logFault(error: unknown): void {
  callText(HostOp.log, JSON.stringify({ level: "error", fault: describeFault(error) }));
}
