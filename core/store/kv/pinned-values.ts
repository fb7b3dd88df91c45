/** A value of the operator, or that there is none any more (null). */
export interface PinnedValue {
  readonly plugin: string;
  readonly key: string;
  /** JSON. */
  readonly value: string | null;
}

/**
 * Values that an operator puts into the `kv` of plugins. They stay until the operator takes them away: neither the plugin
 * changes them nor does a flood of its own values push them out.
 *
 * @example
 * const pinned = new PinnedValues();
 * pinned.set({ plugin: "auth", key: "api-key:9f86", value: '{"subject":"billing"}' });
 * pinned.get("auth", "api-key:9f86"); // '{"subject":"billing"}'
 */
export class PinnedValues {
  private readonly plugins = new Map<string, Map<string, string>>();

  get(plugin: string, key: string): string | null {
    return this.plugins.get(plugin)?.get(key) ?? null;
  }

  set({ plugin, key, value }: PinnedValue): void {
    const values = this.plugins.get(plugin) ?? new Map<string, string>();
    if (value === null) values.delete(key);
    else values.set(key, value);
    if (values.size === 0) this.plugins.delete(plugin);
    else this.plugins.set(plugin, values);
  }

  /** @param plugin null: of all */
  list(plugin: string | null = null): PinnedValue[] {
    return [...this.plugins].flatMap(([name, values]) =>
      plugin !== null && plugin !== name
        ? []
        : Array.from(values, ([key, value]) => ({ plugin: name, key, value })),
    );
  }
}
