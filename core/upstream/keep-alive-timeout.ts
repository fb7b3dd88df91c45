import type { ResponseHead } from "../wire/response-head.ts";

/** Left for the way: a request must not meet the endpoint's end of the connection. */
const margin = 1000;

/** How long an endpoint says (`Keep-Alive: timeout=N`) that an unused connection lives, less a margin, in ms; 0 when unsaid. */
export function keepAliveTimeout(head: ResponseHead): number {
  const parameter = /(?:^|[,;\s])timeout=(\d{1,6})(?:$|[,;\s])/i.exec(head.get("keep-alive") ?? "");
  return parameter === null ? 0 : Math.max(1, Number(parameter[1]) * 1000 - margin);
}
