/** The stores of a config that several machines share, by name; each keeps its connection until its settings change. */
import { isDeepStrictEqual } from "node:util";
import type { RemoteStore } from "./remote-store.ts";

export interface OpenStore extends RemoteStore {
  /** Begins to connect; resolves when the first try has ended, one way or the other. */
  open(): Promise<void>;
  close(): void;
}

/** Settings of a store, as plain JSON. */
interface Named {
  readonly name: string;
}

interface Entry {
  readonly config: Named;
  readonly store: OpenStore;
}

type Entries = ReadonlyMap<string, Entry>;

export class RemoteStores<Config extends Named = Named> {
  private readonly create: (config: Config) => OpenStore;
  private current: Entries = new Map();
  /** Of the config that is about to hold; null: none is. */
  private next: Entries | null = null;

  constructor(create: (config: Config) => OpenStore) {
    this.create = create;
  }

  /** The store that a name stands for now, or will with the config that is about to hold. */
  find(name: string): RemoteStore | null {
    return (this.current.get(name) ?? this.next?.get(name))?.store ?? null;
  }

  /** Opens what a config has and the one in force has not. Requests go on with those there are until `commit`. */
  async prepare(configs: readonly Config[]): Promise<void> {
    this.abort();
    const next = new Map<string, Entry>();
    this.next = next;
    const opened: Promise<void>[] = [];
    for (const config of configs) {
      const known = this.current.get(config.name);
      if (known !== undefined && isDeepStrictEqual(known.config, config)) {
        next.set(config.name, known);
      } else {
        const store = this.create(config);
        next.set(config.name, { config, store });
        opened.push(store.open());
      }
    }
    await Promise.all(opened);
  }

  /** The config that was prepared holds. */
  commit(): void {
    const { current, next } = this;
    this.current = next ?? new Map();
    this.next = null;
    closeThose(current, this.current);
  }

  /** It does not. */
  abort(): void {
    const { next } = this;
    this.next = null;
    if (next !== null) closeThose(next, this.current);
  }

  close(): void {
    this.abort();
    this.commit();
  }
}

/** Closes the stores of one config that another one does not have. */
function closeThose(entries: Entries, kept: Entries): void {
  for (const [name, { store }] of entries) if (kept.get(name)?.store !== store) store.close();
}
