/** Responses in Redis: a second level behind memory that several machines share. */

import type { StoreLostError } from "../../remote-store.ts";
import type { Purge, PurgeLabels } from "../../responses/purge-log.ts";
import type {
  LoadedResponse,
  PurgedKeys,
  SecondLevel,
  SharedLevelReport,
  Words,
} from "../../responses/second-level.ts";
import { StoredBody } from "../../responses/stored-body.ts";
import { type ConnectionOptions, RedisConnection, type Send } from "../connection.ts";
import { uselessAnswer } from "../redis-store.ts";
import { storeKey } from "../store-key.ts";
import { AbsentKeys } from "./absent-keys.ts";
import { PurgeFollower } from "./purge-follower.ts";
import { keysMark, markOf, markText, type PurgeMark } from "./purge-marks.ts";
import { decodeValue, encodeValue, longestValue } from "./value-format.ts";
import { WriteBehind } from "./write-behind.ts";

export interface RedisResponsesOptions
  extends Pick<ConnectionOptions, "client" | "connectTimeout" | "commandTimeout"> {
  /** In front of every key. */
  readonly keyPrefix: string;
  /** Bytes; a longer body is not kept there. */
  readonly maxBody: number;
  /** ms for which a response stays at most. */
  readonly keep: number;
  /** ms for which it is believed that nobody has a response when it was not there. Default: 1 s. */
  readonly absence?: number;
  /** Whether memory has purged a response since a moment, ms, monotonic. */
  readonly isPurged: (labels: PurgeLabels, since: number) => boolean;
  /**
   * Another machine has purged: memory is to do the same.
   *
   * @param at ms since the epoch
   */
  readonly onPurge: (mark: PurgeMark | null, at: number) => void;
  /** The server can be used (null), or not any more, or still not. Called when that changes. */
  readonly onState: (lost: StoreLostError | null) => void;
  /** It takes no writes, or does again (null). Called when that changes. */
  readonly onRefusal: (reason: string | null) => void;
  readonly durations: { add(ms: number): void; report(): SharedLevelReport["durations"] };
}

/** How often it is looked for purges of others, in ms. */
const followEvery = 200;
/** Look-ups that wait for an answer at a time: more would only wait longer. */
const mostLookUps = 256;
const defaultAbsence = 1000;
/** For how long nothing is written after the server has refused to, in ms. */
const pause = 1000;

export class RedisResponses implements SecondLevel {
  readonly isShared = true;
  private readonly options: RedisResponsesOptions;
  private readonly connection: RedisConnection;
  private readonly follower: PurgeFollower;
  private readonly writes = new WriteBehind();
  private readonly absent: AbsentKeys;
  private readonly stateName: string;
  private readonly counts = { hits: 0, misses: 0, late: 0, lost: 0, skipped: 0, errors: 0 };
  private readonly timer: NodeJS.Timeout;
  private lookUps = 0;
  /** Whether all purges are known, here and there. */
  private isReady = false;
  private wasReady: boolean | null = null;
  private isPolling = false;
  /** No writes until then, ms as `performance.now()`. */
  private quietUntil = 0;
  private isRefused = false;

  constructor(options: RedisResponsesOptions) {
    this.options = options;
    const { keyPrefix, client, connectTimeout, commandTimeout } = options;
    this.absent = new AbsentKeys(options.absence ?? defaultAbsence);
    this.stateName = `${keyPrefix}cache:purges`;
    const send: Send = (command) => this.send(command);
    const log = `${keyPrefix}cache:purges:log`;
    const { onPurge } = options;
    this.follower = new PurgeFollower({ state: this.stateName, log, send, onPurge });
    this.connection = new RedisConnection({
      client,
      connectTimeout,
      commandTimeout,
      isBulk: true,
      probe: (send) => this.follower.tellUntold(send),
      onState: (lost) => (lost === null ? void this.begin() : this.onLost(lost)),
    });
    this.timer = setInterval(() => void this.poll(), followEvery).unref();
  }

  /** Resolves when the first try to connect has ended, one way or the other. */
  open(): Promise<void> {
    return this.connection.open();
  }

  /** Begins nothing more, and waits for what is being written. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    this.isReady = false;
    await this.writes.settled();
    this.connection.close();
  }

  /** Resolves when all that is to be written is. */
  settled(): Promise<void> {
    return this.writes.settled();
  }

  report(): SharedLevelReport {
    return { kind: "redis", isUp: this.isReady, ...this.counts, durations: this.options.durations.report() };
  }

  // --- as memory asks

  has(key: string): boolean {
    if (!this.isReady) {
      this.counts.lost++;
      return false;
    }
    if (this.absent.has(key)) return false;
    if (this.lookUps < mostLookUps) return true;
    this.counts.skipped++;
    return false;
  }

  async load(key: string): Promise<LoadedResponse | null> {
    const begun = performance.now();
    this.lookUps++;
    const found = this.find(key, begun).finally(() => {
      this.lookUps--;
    });
    const late = Promise.withResolvers<"late">();
    const timer = setTimeout(() => late.resolve("late"), this.options.commandTimeout);
    const answer = await Promise.race([found, late.promise]);
    clearTimeout(timer);
    this.options.durations.add(performance.now() - begun);
    if (answer === "late") {
      this.counts.late++;
      return null;
    }
    if (answer === null) this.absent.add(key);
    return answer;
  }

  keep(words: Words, body: StoredBody, asked: number): boolean {
    const { key } = words;
    this.absent.delete(key);
    const name = this.nameOf(key);
    const serial = this.follower.serials.at(asked);
    const ttl = Math.floor(Math.min(words.usefulFor ?? Infinity, this.options.keep));
    const isWanted = this.isReady && serial !== null && ttl >= 1 && body.length <= this.options.maxBody;
    const isQuiet = performance.now() < this.quietUntil;
    const value = isWanted && !isQuiet ? encodeValue(headOf(words), serial, body.parts) : null;
    const isKept = value !== null && this.writes.add(name, value.length, () => this.write(name, value, ttl));
    if (isKept) return true;
    if (ttl >= 1) this.counts.skipped++;
    // What there is was replaced.
    if (this.isReady) this.remove(key);
    return false;
  }

  /** The words are of no use without the body, which nobody but memory has at hand. */
  update(): boolean {
    return false;
  }

  /** Nobody knows whether there was one. */
  delete(key: string): boolean {
    if (this.isReady) this.remove(key);
    else this.follower.remember(markText(keysMark(key)));
    return false;
  }

  deletePrefix(prefix: string): readonly string[] {
    void this.tell(markText(keysMark(prefix)));
    return [];
  }

  purge(scope: string, purge: Purge, staleSince: number | null): PurgedKeys {
    return { keys: [], done: this.tell(markText(markOf(scope, purge, staleSince !== null))) };
  }

  // --- the server

  private nameOf(key: string): string {
    return storeKey(this.options.keyPrefix, "cache", "response", key);
  }

  private async tell(text: string): Promise<boolean> {
    if (this.connection.loss !== null) {
      this.follower.remember(text);
      return false;
    }
    try {
      await this.follower.tell(text);
      return true;
    } catch (error) {
      // Nothing is loaded before it is told.
      this.connection.lose((error as Error).message);
      return false;
    }
  }

  private async find(key: string, begun: number): Promise<LoadedResponse | null> {
    const { maxBody, isPurged } = this.options;
    try {
      const last = String(longestValue(maxBody));
      // The purges are read behind the response: what it may have been purged by is known then.
      const [bytes, state] = await Promise.all([
        this.send(["GETRANGE", this.nameOf(key), "0", last]),
        this.readState(),
      ]);
      await this.follower.follow(state);
      if (!Buffer.isBuffer(bytes) || bytes.length === 0) return this.missed();
      const value = decodeValue(bytes, key, maxBody);
      if (value === null || !this.follower.isPossible(value.serial)) return this.failed();
      const { head, serial, body } = value;
      const verdict = this.follower.marks.verdict(head, serial);
      if (verdict === "purged" || isPurged(head, begun)) return this.missed();
      this.counts.hits++;
      return { ...wordsOf(head), body: new StoredBody([body]), staleSince: verdict, isShared: true };
    } catch (error) {
      this.onError(error);
      return this.failed();
    }
  }

  private missed(): null {
    this.counts.misses++;
    return null;
  }

  private failed(): null {
    this.counts.errors++;
    return null;
  }

  private async write(name: string, value: Buffer, ttl: number): Promise<void> {
    try {
      await this.send(["SET", name, value, "PX", String(ttl)]);
      this.refuses(null);
    } catch (error) {
      this.counts.errors++;
      this.quietUntil = performance.now() + pause;
      if (this.connection.loss === null) this.refuses((error as Error).message);
    }
  }

  private remove(key: string): void {
    const name = this.nameOf(key);
    this.writes.drop(name);
    this.send(["DEL", name]).catch((error: unknown) => this.onError(error));
  }

  private refuses(reason: string | null): void {
    if (this.isRefused === (reason !== null)) return;
    this.isRefused = reason !== null;
    this.options.onRefusal(reason);
  }

  private async poll(): Promise<void> {
    if (!this.isReady || this.isPolling) return;
    this.isPolling = true;
    try {
      await this.follower.follow(await this.readState());
    } catch (error) {
      this.connection.lose((error as Error).message);
    }
    this.isPolling = false;
  }

  private async readState(): Promise<string> {
    return String(await this.send(["GETRANGE", this.stateName, "0", "63"]));
  }

  private send(command: readonly (string | Buffer)[]): Promise<unknown> {
    return this.connection.send(command);
  }

  /** Connected: what others have purged meanwhile comes before all else. */
  private async begin(): Promise<void> {
    try {
      do {
        await this.follower.tellUntold((command) => this.send(command));
        await this.follower.follow(await this.readState());
      } while (this.follower.isBehind);
      if (this.connection.loss === null) this.setReady(null);
    } catch (error) {
      this.connection.lose((error as Error).message);
    }
  }

  private onLost(lost: StoreLostError): void {
    this.counts.skipped += this.writes.clear();
    this.absent.clear();
    this.setReady(lost);
  }

  private setReady(lost: StoreLostError | null): void {
    this.isReady = lost === null;
    if (this.wasReady === this.isReady) return;
    this.wasReady = this.isReady;
    this.options.onState(lost);
  }

  /** An answer that the next look-up would get as well: the server is not the one that is needed. */
  private onError(error: unknown): void {
    const { message } = error as Error;
    if (this.connection.loss === null && uselessAnswer.test(message)) this.connection.lose(message);
  }
}

function headOf({ key, meta, url, tags, freshUntil }: Words) {
  return { key, meta, url, tags, freshUntil: freshUntil ?? null };
}

function wordsOf({ freshUntil, ...words }: ReturnType<typeof headOf>): Words {
  return freshUntil === null ? words : { ...words, freshUntil };
}
