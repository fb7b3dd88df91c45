/** One connection to a Redis server, for as long as the config has it: lost, it is opened again. */
import type { RedisClientOptions, RedisClientType } from "@redis/client";
import { StoreLostError } from "../remote-store.ts";
import { reconnectDelay } from "./reconnect-delay.ts";

type Client = RedisClientType;

export interface ConnectionOptions {
  /** Of the library; time limits and reconnecting are this file's. */
  readonly client: Pick<RedisClientOptions, "username" | "password" | "database" | "socket">;
  /** ms until a new connection has to be usable. */
  readonly connectTimeout: number;
  /** ms until an answer has to be there. */
  readonly commandTimeout: number;
  /**
   * Whether values are long: texts in answers are then bytes, and an answer that is late is waited for as long as others come.
   * Default: no.
   */
  readonly isBulk?: boolean;
  /** Shows that a new connection can do what it is for. */
  readonly probe: (send: Send) => Promise<unknown>;
  /** The connection is usable (null), or is not any more, or still not. */
  readonly onState: (lost: StoreLostError | null) => void;
}

/** Sends a command. */
export type Send = (command: readonly (string | Buffer)[]) => Promise<unknown>;

/** ms for which a connection has to last before the next failure counts as the first one. */
const stable = 10_000;

export class RedisConnection {
  private readonly options: ConnectionOptions;
  private client: Client | null = null;
  /** Null while it can be used. */
  private lost: StoreLostError | null = new StoreLostError("it is not connected yet");
  private failures = 0;
  /** When an answer came last, ms as `performance.now()`. */
  private answered = 0;
  private upSince = 0;
  private timer: NodeJS.Timeout | null = null;
  private closed = false;
  /** Whether the server said it, and not the library. */
  private isAnswer: (error: unknown) => boolean = () => false;
  /** Who waits for an answer. */
  private readonly waiting = new Set<(error: StoreLostError) => void>();

  constructor(options: ConnectionOptions) {
    this.options = options;
  }

  /** Why it cannot be used now; null: it can. */
  get loss(): StoreLostError | null {
    return this.lost;
  }

  /** Begins to connect; resolves when the first try has ended, one way or the other. Never throws. */
  async open(): Promise<void> {
    try {
      const client = await this.connect();
      if (this.closed) return end(client);
      this.client = client;
      this.upSince = performance.now();
      this.lost = null;
      this.options.onState(null);
    } catch (error) {
      this.onFailure((error as Error).message);
    }
  }

  close(): void {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.drop(new StoreLostError("it is not used any more"));
  }

  /**
   * Sends a command. Redis answers in order, so one answer that is late means that all are: the connection is given up,
   * and nobody waits for it again until a new one has proven itself.
   *
   * @throws StoreLostError when the answer does not come
   * @throws Error that the server answers with
   */
  send(command: readonly (string | Buffer)[]): Promise<unknown> {
    const { client } = this;
    if (this.lost !== null || client === null) return Promise.reject(this.lost);
    return this.within(client, command, () => this.lose("it did not answer in time"));
  }

  /** The connection is no good; all who wait learn of it. */
  lose(reason: string): void {
    if (this.client === null) return;
    if (performance.now() - this.upSince > stable) this.failures = 0;
    this.onFailure(reason);
  }

  private within(
    client: Client,
    command: readonly (string | Buffer)[],
    onLate: () => void,
  ): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const { waiting } = this;
    const { commandTimeout, isBulk } = this.options;
    const settle = () => {
      if (isBulk) this.answered = performance.now();
      clearTimeout(timer);
      waiting.delete(reject);
    };
    const check = () => {
      // This thread may have been the slow one: an answer that has arrived is read before it is judged.
      setImmediate(() => {
        if (!waiting.has(reject)) return;
        const left = isBulk ? this.answered + commandTimeout - performance.now() : 0;
        if (left > 0) timer = setTimeout(check, left);
        else onLate();
      });
    };
    let timer = setTimeout(check, commandTimeout);
    waiting.add(reject);
    client.sendCommand([...command]).then(
      (reply) => {
        settle();
        resolve(reply);
      },
      (error: unknown) => {
        settle();
        if (this.isAnswer(error)) {
          reject(error);
          return;
        }
        // The library knows that it is closed, and may have said so before anybody listened.
        if (this.client === client) this.lose(messageOf(error));
        reject(this.lost ?? new StoreLostError(messageOf(error)));
      },
    );
    return promise;
  }

  private async connect(): Promise<Client> {
    // Loading it takes 60 ms, which a config without stores does not pay.
    const { createClient, ErrorReply } = await import("@redis/client");
    this.isAnswer = (error) => error instanceof ErrorReply;
    const client = createClient({
      ...this.options.client,
      RESP: 2,
      // A text is of this type in the protocol.
      ...(this.options.isBulk && { commandOptions: { typeMapping: { 36: Buffer } } }),
      disableOfflineQueue: true,
      disableClientInfo: true,
      maintNotifications: "disabled",
      socket: { ...this.options.client.socket, reconnectStrategy: false } as NonNullable<
        RedisClientOptions["socket"]
      >,
    }) as unknown as Client;
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {});
    client.on("error", (error: Error) => {
      failed.reject(error);
      if (this.client === client) this.lose(messageOf(error));
    });
    const { connectTimeout } = this.options;
    const timer = setTimeout(
      () => failed.reject(new Error(`it was not usable within ${connectTimeout} ms`)),
      connectTimeout,
    );
    try {
      await Promise.race([client.connect(), failed.promise]);
      const send: Send = (command) =>
        this.within(client, command, () => failed.reject(new Error("it did not answer in time")));
      await Promise.race([this.options.probe(send), failed.promise]);
      return client;
    } catch (error) {
      end(client);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  private onFailure(reason: string): void {
    const lost = new StoreLostError(reason);
    this.drop(lost);
    if (this.closed) return;
    this.failures++;
    this.options.onState(lost);
    this.timer = setTimeout(() => void this.open(), reconnectDelay(this.failures, Math.random));
    this.timer.unref();
  }

  private drop(lost: StoreLostError): void {
    const { client } = this;
    this.client = null;
    this.lost = lost;
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const reject of waiting) reject(lost);
    if (client !== null) end(client);
  }
}

function end(client: Client): void {
  try {
    client.destroy();
  } catch {
    // It had ended by itself.
  }
}

function messageOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return message || code || String(error);
}
