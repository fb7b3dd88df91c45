/** How much time a request has, and what its endpoint is told of that. */
import type { RouteConfig } from "../../config/model.ts";
import { ProxyError } from "../../errors.ts";
import { budgetText, noDeadline, parseBudget, timeFor } from "../../upstream/retry/deadline.ts";
import { endToEndFields } from "../../wire/connection-options.ts";
import type { RequestHead } from "../../wire/request-head.ts";
import { withField } from "../../wire/with-field.ts";
import type { Attempt } from "../attempts/attempt.ts";
import type { Exchange } from "../exchange.ts";
import { TimeLimit } from "./time-limit.ts";

/** ms; who leaves more leaves this. */
const longestBudget = 24 * 60 * 60 * 1000;

/**
 * Ends the exchange when its time is over: that of its route, or what a client that is believed left, if that is less. The
 * time of another route, which it had before, counts no longer.
 *
 * @param spent ms that it has been on that one
 * @throws ProxyError deadline_exceeded when nothing is left
 */
export function limitTime(exchange: Exchange, { timeout, deadlineHeader }: RouteConfig, spent = 0): void {
  const budget =
    deadlineHeader === null || deadlineHeader.from === "nobody"
      ? null
      : budgetOf(exchange.head, deadlineHeader, exchange.client.side.trusted);
  if (budget === 0) {
    const message = "The request came with no time left";
    throw new ProxyError("deadline_exceeded", message, { source: "downstream" });
  }
  const { attempts } = exchange;
  attempts.timeLimit?.cancel();
  attempts.timeLimit =
    timeout > 0 || budget !== null ? new TimeLimit(exchange, timeout, budget, spent) : null;
}

/** ms that a client left; null: it said nothing, or is not believed. */
function budgetOf(
  head: RequestHead,
  { name, from }: NonNullable<RouteConfig["deadlineHeader"]>,
  isTrusted: boolean,
): number | null {
  if (from === "trusted" && !isTrusted) return null;
  // What Connection names is for this hop, and nobody behind it would see it.
  const text = endToEndFields(head, head.connection).get(name);
  return text === null ? null : parseBudget(text, longestBudget);
}

/**
 * The head of an attempt with the time that it has in the field of the route, in the place of what the client said there:
 * an endpoint believes this proxy.
 *
 * @param headTime ms until the response head; 0: as the cluster says
 */
export function withDeadline(
  text: string,
  name: string,
  exchange: Exchange,
  { endpoint, sentAt }: Attempt,
  headTime: number,
): string {
  const { deadline } = exchange.attempts;
  const time = timeFor(deadline, headTime === 0 ? endpoint.timeouts.responseHead : headTime, sentAt);
  return withField(text, name, budgetText(time) ?? "0");
}

/** When the request is over, for policies: whole ms as `performance.now()` tells the time; empty: never. */
export function deadlineText(deadline: number): string {
  return deadline === noDeadline ? "" : String(Math.floor(deadline));
}
