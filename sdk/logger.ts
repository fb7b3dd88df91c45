/**
 * Lines in the proxy's log, with the name of the plugin and the place of the call. Those of `ctx.log` have the name of the route and
 * the id of the request, too, as long as the plugin has a part in it: not what is written behind its last handler, under
 * `ctx.waitUntil`. More than `limits.logLines` in a second are dropped and counted.
 *
 * Fields are told as JSON; what JSON cannot say, as a text like that of `console`: an error with its stack, in the lines of your
 * file. Nothing in them makes a call throw. Messages are cut after 8192 UTF-16 code units; of fields whose JSON is longer the
 * beginning is told, as `cut`.
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
