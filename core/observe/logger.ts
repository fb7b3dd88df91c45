import { pino } from "pino";
import type { LogConfig } from "../config/model.ts";
import { standardOutput } from "./line-output.ts";
import { type LineSink, safeLines } from "./line-sink.ts";
import type { Logger } from "./log.ts";
import { prettyLines } from "./pretty-lines.ts";

/** A logger whose level and format follow a reload. */
export interface OperatorLogger extends Logger {
  configure(config: LogConfig): void;
}

/**
 * The operator's log: one JSON object per line, or lines for people with `pretty`.
 *
 * @param fields added to every line, to tell processes and reactors apart
 */
export function createLogger(
  config: LogConfig,
  fields: object = {},
  sink: LineSink = standardOutput(),
): OperatorLogger {
  let target = openPino(config, fields, sink);
  return {
    debug: (extra, message) => target.debug(extra, message),
    info: (extra, message) => target.info(extra, message),
    warn: (extra, message) => target.warn(extra, message),
    error: (extra, message) => target.error(extra, message),
    configure(changed) {
      target = openPino(changed, fields, sink);
    },
  };
}

/** A pino instance that writes into `sink`; shared by the operator's log and the access log. */
export function openPino(config: LogConfig, base: object, sink: LineSink): pino.Logger {
  return pino(
    {
      level: config.level,
      base,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    safeLines(config.pretty ? prettyLines(sink) : sink),
  );
}
