/** A document that others publish: fetched when it is needed, kept, and used for a time when it cannot be fetched. */

export interface RemoteDocumentOptions<Value> {
  /** @throws Error that may be logged */
  readonly load: () => Promise<Value>;
  /** For how long it is good, in ms. */
  readonly cacheFor: number;
  /** Ms between two fetches at least, also after one that failed. */
  readonly cooldown: number;
  /** For how long it is used after `cacheFor` while it cannot be fetched, in ms. */
  readonly staleFor: number;
  readonly now: () => number;
  readonly onFailure: (message: string) => void;
}

/**
 * @example
 * const document = new RemoteDocument({ load: () => fetchIt(), ...options });
 * await document.get(); // null while it could not be fetched
 */
export class RemoteDocument<Value> {
  private readonly options: RemoteDocumentOptions<Value>;
  private value: Value | null = null;
  private loadedAt = Number.NEGATIVE_INFINITY;
  private triedAt = Number.NEGATIVE_INFINITY;
  private running: Promise<void> | null = null;

  constructor(options: RemoteDocumentOptions<Value>) {
    this.options = options;
  }

  /** @throws Error when it cannot be fetched or read */
  start(): Promise<Value> {
    return this.load();
  }

  async get(): Promise<Value | null> {
    const { cacheFor, staleFor, now } = this.options;
    if (now() - this.loadedAt >= cacheFor) await this.refresh();
    return now() - this.loadedAt < cacheFor + staleFor ? this.value : null;
  }

  /** One fetch at a time, for all who wait, and none during the cool-down. */
  private refresh(): Promise<void> {
    if (this.running !== null) return this.running;
    if (this.options.now() - this.triedAt < this.options.cooldown) return Promise.resolve();
    this.running = this.load()
      .then(
        () => {},
        (error: Error) => this.options.onFailure(error.message),
      )
      .finally(() => {
        this.running = null;
      });
    return this.running;
  }

  private async load(): Promise<Value> {
    const { load, now } = this.options;
    this.triedAt = now();
    const value = await load();
    this.value = value;
    this.loadedAt = now();
    return value;
  }
}
