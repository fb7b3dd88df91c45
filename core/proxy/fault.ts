/** Faults that a route injects on purpose: requests that wait, and requests that are answered here. */
import type { FaultConfig } from "../config/traffic-model.ts";
import { parseDuration } from "../config/units.ts";
import { ProxyError } from "../errors.ts";
import type { RequestHead } from "../wire/request-head.ts";
import type { Exchange } from "./exchange.ts";

/** ms; a request that asks for more waits this long. */
const longestAsked = 60_000;

/** What one request gets. */
export interface Fault {
  /** ms; 0: it does not wait. */
  readonly delay: number;
  /** Status of the answer, after the delay; 0: it goes on to an endpoint. */
  readonly status: number;
}

/**
 * Draws what a request gets. What it asks for itself, where it may, comes in the place of what would be drawn.
 *
 * @param random numbers from 0 to 1, without 1
 * @example
 * drawFault({ delay: null, abort: { share: 0.1, status: 503 }, header: false }, head, () => 0.05); // { delay: 0, status: 503 }
 */
export function drawFault(config: FaultConfig, head: Pick<RequestHead, "get">, random: () => number): Fault {
  const { delay, abort, header } = config;
  const asked = header ? askedFor(head) : nothingAsked;
  return {
    delay: asked.delay ?? (delay !== null && random() < delay.share ? delay.time : 0),
    status: asked.status ?? (abort !== null && random() < abort.share ? abort.status : 0),
  };
}

const nothingAsked: { readonly delay: number | null; readonly status: number | null } = {
  delay: null,
  status: null,
};

/** Null stands for what was not asked for, or not in a way that can be understood. */
function askedFor(head: Pick<RequestHead, "get">): typeof nothingAsked {
  const time = head.get("x-sluice-fault-delay");
  const status = head.get("x-sluice-fault-abort");
  const delay = time === null ? null : parseDuration(/^[0-9]{1,9}$/.test(time) ? Number(time) : time);
  return {
    delay: delay === null ? null : Math.min(delay, longestAsked),
    status: status !== null && /^[45][0-9]{2}$/.test(status) ? Number(status) : null,
  };
}

/** Lets a request go on that the policies have let pass, now, later or not at all. */
export function injectFault(exchange: Exchange, config: FaultConfig): void {
  if (exchange.isFinished) return;
  const { attempts, route, client } = exchange;
  const { metrics } = client.reactor;
  const { delay, status } = drawFault(config, exchange.head, Math.random);
  const goOn = () => {
    if (status === 0) {
      attempts.next();
      return;
    }
    metrics.routes.faultInjected(route!.metricsSlot, "abort");
    const message = `Route ${route!.config.name} injects faults`;
    exchange.fail(new ProxyError("fault_injected", message, { source: "upstream", status }));
  };
  if (delay === 0 || client.isLeaving) {
    goOn();
    return;
  }
  metrics.routes.faultInjected(route!.metricsSlot, "delay");
  attempts.putOff(delay, goOn);
}
