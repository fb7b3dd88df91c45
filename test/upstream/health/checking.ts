import type { Socket } from "node:net";
import type { Test } from "tap";
import { formatAddress } from "../../../core/config/address.ts";
import { defaultLimits } from "../../../core/config/defaults.ts";
import type { Address } from "../../../core/config/model.ts";
import type { HealthCheckConfig } from "../../../core/config/traffic-model.ts";
import { type ClientTls, openConnection } from "../../../core/net/connector.ts";
import { ReadBuffers } from "../../../core/net/read-buffer.ts";
import { Timers } from "../../../core/net/timers.ts";
import type { CheckOutcome } from "../../../core/upstream/health/check-outcome.ts";
import { describeEndpoint, type EndpointHealth } from "../../../core/upstream/health/describe.ts";
import { createEndpointMemory } from "../../../core/upstream/health/endpoint-memory.ts";
import { EndpointTable } from "../../../core/upstream/health/endpoint-table.ts";
import { type EndpointCheck, HealthChecker } from "../../../core/upstream/health/health-checker.ts";
import { type RecordingLog, recordingLog } from "../../net/recording-log.ts";
import { until } from "../../net/until.ts";
import { checkConfig } from "./check-config.ts";
import { testClock } from "./clock.ts";

/** ms; nothing that is to begin takes longer. */
const longestPause = 60_000;

export interface AddedCheck {
  readonly slot: number;
  readonly check: EndpointCheck;
  describe(): EndpointHealth;
}

export interface Checking {
  readonly checker: HealthChecker;
  readonly table: EndpointTable;
  readonly timers: Timers;
  readonly log: RecordingLog;
  /** Of all checks, in order. */
  readonly outcomes: readonly CheckOutcome[];
  /** Connections that checks opened. */
  readonly sockets: readonly Socket[];
  /** Lets time pass as it does when the event loop is idle. */
  pass(ms: number): void;
  /** Lets time pass until another check begins, and returns how much, in ms. */
  passUntilCheck(): number;
  add(address: Address, changes?: Partial<HealthCheckConfig>, tls?: ClientTls | null): AddedCheck;
  /** The n-th outcome, counted from 1. */
  outcome(n: number): Promise<CheckOutcome>;
}

export interface CheckingOptions {
  readonly mostAtOnce?: number;
  readonly random?: () => number;
}

/** A checker over real sockets, on a clock that the test moves. */
export function startChecking(
  t: Test,
  options: { mostAtOnce?: number; random?: () => number } = {},
): Checking {
  const clock = testClock();
  const timers = new Timers(clock.now);
  const table = new EndpointTable(createEndpointMemory(), clock.now);
  const log = recordingLog();
  const outcomes: CheckOutcome[] = [];
  const sockets: Socket[] = [];
  const connect: typeof openConnection = (target, read) => {
    const socket = openConnection(target, read);
    sockets.push(socket);
    return socket;
  };
  const checker = new HealthChecker({
    ...{ table, log, random: () => 0.5, ...options },
    reactor: { timers, connect, readBuffers: new ReadBuffers() },
    onCheck: (_endpoint, outcome) => void outcomes.push(outcome),
  });
  t.teardown(() => checker.close());
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 50) {
      clock.pass(50);
      timers.expire();
    }
  };
  return {
    ...{ checker, table, timers, log, outcomes, sockets },
    pass,
    passUntilCheck() {
      const before = sockets.length;
      let passed = 0;
      for (; sockets.length === before && passed < longestPause; passed += 50) pass(50);
      return passed;
    },
    add(address, changes = {}, tls = null) {
      const name = formatAddress(address);
      const slot = table.acquire(`app/${name}`);
      const endpoint = {
        ...{ cluster: "app", slot, name, limits: defaultLimits },
        target: { address, tls },
        authority: "service.test:80",
      };
      const check = checker.add(endpoint, { ...checkConfig, ...changes });
      return { slot, check, describe: () => describeEndpoint(table, slot, check) };
    },
    async outcome(n) {
      await until(() => outcomes.length >= n);
      return outcomes[n - 1]!;
    },
  };
}
