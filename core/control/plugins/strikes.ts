/** So many lost data processes within the window are one plugin's doing, and no accident. */
const mostStrikes = 3;
const window = 60_000;
const firstBan = 60_000;
const longestBan = 3_600_000;

interface Record {
  /** Of the code that did it. */
  readonly hash: string;
  /** In ms. */
  strikes: number[];
  /** How long it is or was out of service, in ms; 0: it never was. */
  ban: number;
  until: number;
}

/**
 * Which plugins have ended the data process so often that they are not run for a while: three times within a
 * minute; then for a minute, and twice as long each time they do it again. Code that changed begins anew.
 * Times are in ms of one monotonic clock.
 *
 * @example
 * const strikes = new Strikes();
 * strikes.add("tenant", hash, performance.now()); // false, false, true
 */
export class Strikes {
  readonly #records = new Map<string, Record>();
  readonly #firstBan: number;

  /** @param shortest how long a plugin is out of service the first time, in ms */
  constructor(shortest = firstBan) {
    this.#firstBan = shortest;
  }

  /** Returns whether the plugin is out of service now. */
  add(plugin: string, hash: string, now: number): boolean {
    const record = this.#recordOf(plugin, hash);
    record.strikes = [...record.strikes.filter((at) => now - at < window), now];
    const hasRelapsed = record.ban > 0 && now - record.until < window;
    if (!hasRelapsed && record.strikes.length < mostStrikes) return false;
    this.#ban(record, now, hasRelapsed);
    return true;
  }

  /** Out of service at once: it cannot even be loaded. */
  ban(plugin: string, hash: string, now: number): void {
    const record = this.#recordOf(plugin, hash);
    this.#ban(record, now, record.ban > 0 && now - record.until < window);
  }

  /** When a plugin may be tried again; null: it is not out of service. */
  bannedUntil(plugin: string, hash: string, now: number): number | null {
    const record = this.#records.get(plugin);
    return record !== undefined && record.hash === hash && record.until > now ? record.until : null;
  }

  /** Forgets plugins that there are no more. */
  keep(plugins: ReadonlySet<string>): void {
    for (const name of [...this.#records.keys()]) if (!plugins.has(name)) this.#records.delete(name);
  }

  #ban(record: Record, now: number, hasRelapsed: boolean): void {
    record.ban = hasRelapsed ? Math.min(2 * record.ban, longestBan) : this.#firstBan;
    record.until = now + record.ban;
    record.strikes = [];
  }

  #recordOf(plugin: string, hash: string): Record {
    const known = this.#records.get(plugin);
    if (known?.hash === hash) return known;
    const record: Record = { hash, strikes: [], ban: 0, until: 0 };
    this.#records.set(plugin, record);
    return record;
  }
}
