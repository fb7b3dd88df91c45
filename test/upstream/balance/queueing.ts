/** A simulation of endpoints that answer requests, on a clock of its own. */
import type { Balancer } from "../../../core/upstream/balance/candidate.ts";
import { standingOf } from "../../../core/upstream/balance/standing.ts";
import { Random } from "../../support/random.ts";
import type { Clock, TestHost } from "./hosts.ts";

interface Answer {
  readonly at: number;
  readonly host: TestHost;
  readonly sent: number;
}

/**
 * Sends requests at random moments and answers each after its endpoint's time. Tells how many
 * went to each.
 *
 * @param serviceTime mean ms of an answer; times are drawn from an exponential distribution
 */
export function simulate(
  balancer: Balancer<TestHost>,
  hosts: readonly TestHost[],
  clock: Clock,
  load: { requests: number; perMs: number; serviceTime: (host: TestHost) => number; seed: number },
): number[] {
  const random = new Random(load.seed);
  const exponential = (mean: number) => -mean * Math.log(1 - random.next());
  const counts = new Map(hosts.map((host) => [host, 0]));
  let underWay: Answer[] = [];
  for (let i = 0; i < load.requests; i++) {
    const next = clock.time + exponential(1 / load.perMs);
    const due = underWay.filter(({ at }) => at <= next).sort((a, b) => a.at - b.at);
    underWay = underWay.filter(({ at }) => at > next);
    for (const { at, host, sent } of due) {
      host.inFlight--;
      standingOf(host).latency.answered(at - sent, at);
    }
    clock.time = next;
    const host = balancer.pick();
    host.inFlight++;
    counts.set(host, counts.get(host)! + 1);
    underWay.push({ at: next + exponential(load.serviceTime(host)), host, sent: next });
  }
  for (const { host } of underWay) host.inFlight--;
  return [...counts.values()];
}
