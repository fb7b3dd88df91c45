import type { ClusterConfig, Config, RouteConfig } from "../../config/model.ts";
import { formatDuration } from "../../config/units.ts";

/** What is done about too many requests for a cluster. */
export type LimitDescription = Pick<ClusterConfig, "maxRequests" | "maxRetries" | "concurrency">;

/** How important the requests of a route are, and when that matters. */
export type PriorityDescription = Pick<RouteConfig, "priority" | "priorityHeader"> & Pick<Config, "shedding">;

/**
 * The limits of a cluster in words; empty when it has none over all endpoints.
 *
 * @example
 * limitsText({ maxRequests: 100, maxRetries: null, concurrency: null });
 * // "100 requests at once"
 */
export function limitsText({ maxRequests, maxRetries, concurrency }: LimitDescription): string {
  return [
    ...(maxRequests === null ? [] : [`${maxRequests} requests at once`]),
    ...(maxRetries === null ? [] : [`${maxRetries} of them sent again`]),
    ...(concurrency === null ? [] : [adaptiveText(concurrency)]),
  ].join("; ");
}

function adaptiveText({ least, most, tolerance }: NonNullable<LimitDescription["concurrency"]>): string {
  return `${least} to ${most} at once, by latency: up to ${tolerance} times that without a queue, the most important first`;
}

/** Lines of a plan; none where every request of the config is as important as any other. */
export function priorityLines({ priority, priorityHeader, shedding }: PriorityDescription): string[] {
  const isUsual = priority === 1 && priorityHeader === null && shedding === null;
  if (isUsual) return [];
  return [
    `  priority       ${priority}${priorityHeader === null ? "" : headerText(priorityHeader)}`,
    ...(shedding === null ? [] : [`  shedding       ${sheddingText(shedding)}`]),
  ];
}

function headerText({ name, fromAnyone }: NonNullable<PriorityDescription["priorityHeader"]>): string {
  return fromAnyone
    ? `, or what ${name} says`
    : `, or what ${name} says: of trusted proxies, and of others if it is less important`;
}

function sheddingText({ begins, full }: NonNullable<PriorityDescription["shedding"]>): string {
  return `from ${formatDuration(begins)} behind on, priority 3 first; at ${formatDuration(full)} hardly any is taken`;
}
