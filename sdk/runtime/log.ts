import { callerPosition } from "./caller-position.ts";
import type { GuestExchange } from "./exchange.ts";
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

type About = GuestExchange | null;

function write(about: About, level: string, message: unknown, fields: unknown): void {
  const text = typeof message === "string" ? clip(message) : inspect(message);
  const line = stringify({ level, message: text, position: callerPosition(), slot: about?.ownSlot });
  const hasFields = typeof fields === "object" && fields !== null;
  callText(HostOp.log, hasFields ? `${line.slice(0, -1)},"fields":${fieldsText(fields)}}` : line);
}

/** @param about the exchange whose lines they are */
export function loggerOf(about: About): Logger {
  return Object.freeze({
    debug: (message: string, fields?: object) => write(about, "debug", message, fields),
    info: (message: string, fields?: object) => write(about, "info", message, fields),
    warn: (message: string, fields?: object) => write(about, "warn", message, fields),
    error: (message: string, fields?: object) => write(about, "error", message, fields),
  });
}

export const log = loggerOf(null);

/** An error that has no caller to catch it. */
export function logFault(error: unknown, about: About): void {
  callText(HostOp.log, stringify({ level: "error", fault: describeFault(error), slot: about?.ownSlot }));
}
