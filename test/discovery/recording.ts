import type { Test } from "tap";
import type { DiscoveredEndpoint } from "../../core/config/traffic-model.ts";
import { createSource, type SourceConfig } from "../../core/discovery/create-source.ts";
import type { DiscoveryListener, DiscoverySource, SourceOptions } from "../../core/discovery/source.ts";
import { TestClock } from "./test-clock.ts";

/** What a source tells, in order. */
export class Recording implements DiscoveryListener {
  readonly lists: (readonly DiscoveredEndpoint[])[] = [];
  readonly problems: string[] = [];
  readonly recoveries: string[] = [];
  #waiting: (() => void)[] = [];

  onEndpoints(list: readonly DiscoveredEndpoint[]): void {
    this.lists.push(list);
    this.#wake();
  }

  onProblem(message: string): void {
    this.problems.push(message);
    this.#wake();
  }

  onRecovery(message: string): void {
    this.recoveries.push(message);
    this.#wake();
  }

  /** `host:port` of the latest list. */
  get latest(): string[] | null {
    return this.lists.at(-1)?.map(({ host, port }) => `${host}:${port}`) ?? null;
  }

  /** Waits until what was told fits. */
  async until(condition: (recording: this) => boolean): Promise<void> {
    // Sources keep no process alive.
    const alive = setInterval(() => {}, 60_000);
    while (!condition(this)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    clearInterval(alive);
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

export interface Started {
  readonly source: DiscoverySource;
  readonly told: Recording;
  readonly clock: TestClock;
}

/** Starts a source whose time stands still until the test lets it pass, and which waits the longest of its back-offs. */
export function startSource(t: Test, config: SourceConfig, options: SourceOptions = {}): Started {
  const clock = new TestClock();
  const told = new Recording();
  const source = createSource(config, { now: clock.now, after: clock.after, random: () => 1, ...options });
  t.teardown(() => source.close());
  source.start(told);
  return { source, told, clock };
}
