/** How important a request is: what its route says, or a header that the route believes, or a policy. */
import type { RouteConfig } from "../../config/model.ts";
import { toProxyError } from "../../errors.ts";
import { type Priority, parsePriority } from "../../upstream/overload/priority.ts";
import { endToEndFields } from "../../wire/connection-options.ts";
import type { RequestHead } from "../../wire/request-head.ts";
import { withField } from "../../wire/with-field.ts";
import type { Exchange } from "../exchange.ts";
import type { Route } from "../generation.ts";

/**
 * Gives the request its priority, and takes it at that though the event loop is behind. Where a policy may still say how
 * important it is, only what would be refused in any case is refused here, before the policies run.
 *
 * @throws ProxyError overloaded
 */
export function admit(exchange: Exchange, { config, plan }: Route): void {
  exchange.priority = priorityOf(config, exchange.head, exchange.client.side.trusted);
  admitAs(plan?.decidesPriority ? 0 : exchange.priority, exchange);
}

/** The same once policies have seen the request. Returns whether it is taken; if not, the exchange has failed. */
export function admitAgain(exchange: Exchange, { config }: Route): boolean {
  const { head, client, policies } = exchange;
  exchange.priority = policies!.request.priority ?? priorityOf(config, head, client.side.trusted);
  if (exchange.priority === exchange.admittedAs) return true;
  try {
    admitAs(exchange.priority, exchange);
    return true;
  } catch (error) {
    exchange.fail(toProxyError(error, "handle request"));
    return false;
  }
}

function admitAs(priority: Priority, exchange: Exchange): void {
  const { shedding } = exchange.client.gateway;
  exchange.admittedAs = priority;
  if (!shedding.isActive) return;
  if (exchange.luck === 0) exchange.luck = Math.random();
  shedding.admit(priority, exchange.luck);
}

/**
 * A client that is not trusted may say that its request is less important, never that it is more: or everybody would be
 * the most important one.
 *
 * @param isTrusted whether the client is one of `trustedProxies`
 */
export function priorityOf(route: RouteConfig, head: RequestHead, isTrusted: boolean): Priority {
  const { priority, priorityHeader } = route;
  if (priorityHeader === null) return priority;
  // What Connection names is for this hop, and the endpoint never sees it.
  const text = endToEndFields(head, head.connection).get(priorityHeader.name);
  const said = text === null ? null : parsePriority(text);
  if (said === null) return priority;
  return isTrusted || priorityHeader.fromAnyone || said > priority ? said : priority;
}

/**
 * The head of a request with the priority that it has here, in the place of what the client said: a proxy behind this one
 * may believe it.
 *
 * @param head with its empty line
 * @param name of the field, in lower case
 */
export function withPriority(head: string, name: string, priority: Priority): string {
  return withField(head, name, String(priority));
}
