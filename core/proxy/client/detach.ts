/** A client leaves, and its exchange goes on because somebody else waits for what it brings. */
import type { ProxyError } from "../../errors.ts";
import type { Exchange } from "../exchange.ts";
import { AbsentClient } from "./absent-client.ts";

/**
 * Puts nobody in the client's place. To the log and the metrics the request is over: the client got no more of it.
 *
 * @returns false: the request is not whole, there are too many of those, or all of this is about to end
 */
export function detach(exchange: Exchange, error: ProxyError): boolean {
  const { client, status } = exchange;
  if (exchange.upgrade !== null || !exchange.requestBody.received) return false;
  const absent = AbsentClient.after(client);
  if (absent === null) return false;
  exchange.error = error;
  if (status === 0) exchange.status = error.status;
  client.onExchangeDetached(exchange);
  exchange.error = null;
  exchange.status = status;
  absent.takes(exchange);
  exchange.changeClient(absent);
  return true;
}
