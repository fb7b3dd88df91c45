/** What all connections of one thread share. */
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { openConnection } from "./connector.ts";
import { ReadBuffers } from "./read-buffer.ts";
import { Timers } from "./timers.ts";
import { Turn } from "./turn.ts";

export class Reactor {
  readonly timers = new Timers();
  /** For the time that guests may take: a test has a clock of its own for them. */
  readonly guestTimers: Timers;
  readonly turn = new Turn();
  readonly readBuffers = new ReadBuffers();
  readonly metrics: Metrics;
  readonly log: Logger;

  /** Opens connections to endpoints; see `openConnection`. */
  readonly connect: typeof openConnection;

  constructor(
    metrics: Metrics,
    log: Logger,
    connect: typeof openConnection = openConnection,
    guestTimers: Timers | null = null,
  ) {
    this.metrics = metrics;
    this.log = log;
    this.connect = connect;
    this.guestTimers = guestTimers ?? this.timers;
  }
}
