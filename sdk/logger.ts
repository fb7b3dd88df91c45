/**
 * Lines in the proxy's log, with the names of the plugin and of the route and the id of the request.
 * More than `limits.logLines` in a second are dropped and counted.
 *
 * @example
 * ctx.log.warn("tenant is not known", { tenant });
 */
export interface Logger {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}
