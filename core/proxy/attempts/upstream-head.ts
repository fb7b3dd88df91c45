/** The head of a request as one attempt sends it. */
import { forwardEditedRequest, forwardRequest, type RequestRewrite } from "../../wire/forward/request.ts";
import type { Exchange } from "../exchange.ts";
import { withDeadline } from "../request/deadline.ts";
import { withPriority } from "../request/priority.ts";
import type { Attempt } from "./attempt.ts";

/** @param headTime ms until the response head; 0: as the cluster says */
export function upstreamHead(exchange: Exchange, attempt: Attempt, headTime: number): string {
  const { deadlineHeader, priorityHeader } = exchange.route!.config;
  let text = rewrittenHead(exchange, attempt);
  if (deadlineHeader !== null) text = withDeadline(text, deadlineHeader.name, exchange, attempt, headTime);
  return priorityHeader === null ? text : withPriority(text, priorityHeader.name, exchange.priority);
}

function rewrittenHead(exchange: Exchange, attempt: Attempt): string {
  const { head, client, upgrade, requestId, policies, route } = exchange;
  const newPath = policies === null ? route!.rewrite : null;
  const path = newPath === null ? null : newPath(head.path);
  const rewrite: RequestRewrite = { host: hostField(exchange, attempt), path, requestId, upgrade };
  if (attempt.edited === null) return forwardRequest(head, client.side, rewrite);
  const framing = policies!.requestFlow.framing();
  return forwardEditedRequest(head, attempt.edited, framing, client.side, rewrite);
}

function hostField({ head, route }: Exchange, { edited, endpoint }: Attempt): string | null {
  const { host } = route!.config;
  if (typeof host === "object") return host.literal;
  const authority = edited?.authority ?? head.authority;
  return host === "upstream" || authority === "" ? endpoint.config.authority : null;
}
