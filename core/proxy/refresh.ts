/** A request is sent again for nobody, by a policy that wants the response and has another one for the client. */
import type { Policy } from "../policy/policy.ts";
import { AbsentClient } from "./client/absent-client.ts";
import type { Exchange } from "./exchange.ts";
import type { ExchangePolicies } from "./exchange-policies.ts";
import { limitTime } from "./request/deadline.ts";

/** When not all can be served, what nobody waits for goes first. */
const priority = 3;

/**
 * Begins an exchange with the request as it reaches the policy, at the end of the turn. Those before the policy are not
 * asked again; it sees the request itself, and those behind it do.
 *
 * @returns false: the policy has done so before, there are too many, the request has a body or changes its protocol, or this is such an exchange itself
 */
export function refresh(exchange: Exchange, policies: ExchangePolicies, policy: Policy): boolean {
  const { head, generation, route } = exchange;
  if (exchange.isRefresh || head.hasBody || policies.request.body !== null || exchange.upgrade !== null)
    return false;
  const client = AbsentClient.after(exchange.client, policy.guest);
  if (client === null) return false;
  const again = exchange.again(client);
  generation.begin();
  client.takes(again);
  again.onRequestEnd([]);
  again.policies = policies.again(again, policy);
  again.policies.request.priority = priority;
  limitTime(again, route!.config);
  client.reactor.turn.schedule({ run: () => again.policies!.onRequest() });
  return true;
}
