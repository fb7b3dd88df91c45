import { callerPosition } from "./caller-position.ts";
import { describeFault } from "./fault.ts";
import { callText } from "./host.ts";
import { HostOp } from "./host-op.ts";
import { fieldsText } from "./log-fields.ts";
import { clip, inspect } from "./web/inspect.ts";

export interface Logger {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

const { stringify } = JSON;

function write(level: string, message: unknown, fields: unknown): void {
  const text = typeof message === "string" ? clip(message) : inspect(message);
  const line = stringify({ level, message: text, position: callerPosition() });
  const hasFields = typeof fields === "object" && fields !== null;
  callText(HostOp.log, hasFields ? `${line.slice(0, -1)},"fields":${fieldsText(fields)}}` : line);
}

export const log: Logger = Object.freeze({
  debug: (message: string, fields?: object) => write("debug", message, fields),
  info: (message: string, fields?: object) => write("info", message, fields),
  warn: (message: string, fields?: object) => write("warn", message, fields),
  error: (message: string, fields?: object) => write("error", message, fields),
});

/** An error that has no caller to catch it. */
export function logFault(error: unknown): void {
  callText(HostOp.log, stringify({ level: "error", fault: describeFault(error) }));
}
