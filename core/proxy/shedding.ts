/** Whether a request is taken while the event loop is behind. */
import { isDeepStrictEqual } from "node:util";
import type { SheddingConfig } from "../config/traffic-model.ts";
import { ProxyError } from "../errors.ts";
import { EventLoopLag } from "../upstream/overload/event-loop-lag.ts";
import { LoadShedder } from "../upstream/overload/load-shedder.ts";
import type { Priority } from "../upstream/overload/priority.ts";

/** Seconds that those are told to stay away whom a cluster's limit refused: at random, from 1. */
const longestStay = 3;

/** Whether the client is told when to come back: there was too much to do at this moment. */
export function isRefusal({ code }: ProxyError): boolean {
  return code === "overloaded" || code === "requests_exhausted";
}

export class Shedding {
  private config: SheddingConfig | null = null;
  private shedder: LoadShedder | null = null;
  private lag: EventLoopLag | null = null;

  constructor(config: SheddingConfig | null) {
    this.change(config);
  }

  change(config: SheddingConfig | null): void {
    if (isDeepStrictEqual(config, this.config)) return;
    this.close();
    this.config = config;
    if (config === null) return;
    const shedder = new LoadShedder(config);
    this.shedder = shedder;
    this.lag = new EventLoopLag((ms) => shedder.onLag(ms));
    this.lag.start();
  }

  /**
   * @param luck of the request, so that asking twice refuses no more than asking once
   * @throws ProxyError overloaded
   */
  admit(priority: Priority, luck: number): void {
    if (this.shedder === null || !this.shedder.refuses(priority, luck)) return;
    const message = `The event loop is ${Math.round(this.shedder.lag)} ms behind`;
    throw new ProxyError("overloaded", message, { source: "internal" });
  }

  get isActive(): boolean {
    return this.shedder?.isShedding === true;
  }

  /** Seconds for a refusal. */
  retryAfter(): number {
    return this.shedder?.retryAfter() ?? 1 + Math.floor(Math.random() * longestStay);
  }

  close(): void {
    this.lag?.stop();
    this.shedder = null;
    this.lag = null;
    this.config = null;
  }
}
