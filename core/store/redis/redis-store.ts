/** Numbers in a Redis server. What comes within one turn of the event loop goes in one call. */
import { createHash } from "node:crypto";
import { type PinOp, type RemoteStore, StoreLostError, type StoreStep } from "../remote-store.ts";
import {
  RedisConnection,
  type ConnectionOptions as RedisConnectionOptions,
  type Send,
} from "./connection.ts";
import { storeScript } from "./script.ts";
import { pinField, storeKey } from "./store-key.ts";

export interface RedisStoreOptions extends Omit<RedisConnectionOptions, "probe" | "onState"> {
  /** In front of every key. */
  readonly keyPrefix: string;
  readonly observer: StoreObserver;
}

/** Is told what the store does. */
export interface StoreObserver {
  /** Whether it can be used, and why not. Called when that changes. */
  state(lost: StoreLostError | null): void;
  /** It is not used any more. */
  closed(): void;
  /** A call was answered, with so many groups in it, after ms. */
  call(groups: number, ms: number): void;
  /** So many groups were not done, or nobody knows. */
  failed(groups: number): void;
}

interface Group {
  readonly namespace: string;
  readonly steps: readonly StoreStep[];
  readonly resolve: (reply: string) => void;
  readonly reject: (error: Error) => void;
}

/** Groups of one call: Redis does nothing else meanwhile. */
const mostInCall = 64;
/** Groups that wait for their answers; more would only wait longer. */
const mostWaiting = 8192;

const digest = createHash("sha1").update(storeScript).digest("hex");

/** Errors that the next call would meet as well: the server is not the one that is needed. */
export const uselessAnswer =
  /\b(?:READONLY|OOM|MISCONF|NOREPLICAS|NOPERM|NOAUTH|LOADING|MASTERDOWN|CLUSTERDOWN|BUSY)\b/;

export class RedisStore implements RemoteStore {
  private readonly options: RedisStoreOptions;
  private readonly connection: RedisConnection;
  private queue: Group[] = [];
  private waiting = 0;
  private wasLost: boolean | null = null;
  private readonly flush = (): void => this.sendQueued();

  constructor(options: RedisStoreOptions) {
    this.options = options;
    this.connection = new RedisConnection({
      ...options,
      probe: (send) => this.probe(send),
      onState: (lost) => this.onState(lost),
    });
  }

  /** Resolves when the first try to connect has ended, one way or the other. */
  open(): Promise<void> {
    return this.connection.open();
  }

  close(): void {
    this.connection.close();
    this.options.observer.closed();
  }

  run(namespace: string, steps: readonly StoreStep[]): Promise<string> {
    const { loss } = this.connection;
    if (loss !== null) return this.refuse(loss);
    if (this.waiting >= mostWaiting) return this.refuse(new StoreLostError("too much waits for it"));
    return new Promise((resolve, reject) => {
      this.waiting++;
      // All of this turn's guests have spoken when the tick is over.
      if (this.queue.length === 0) process.nextTick(this.flush);
      this.queue.push({ namespace, steps, resolve, reject });
    });
  }

  private refuse(error: StoreLostError): Promise<never> {
    this.options.observer.failed(1);
    return Promise.reject(error);
  }

  private sendQueued(): void {
    const { queue } = this;
    this.queue = [];
    for (let from = 0; from < queue.length; from += mostInCall) {
      void this.call(queue.slice(from, from + mostInCall));
    }
  }

  private async call(groups: readonly Group[]): Promise<void> {
    const begun = performance.now();
    const { observer } = this.options;
    try {
      const send: Send = (command) => this.connection.send(command);
      const replies = textsIn(await evaluate(send, this.encode(groups)), groups.length);
      observer.call(groups.length, performance.now() - begun);
      for (const [index, group] of groups.entries()) this.settle(group, replies[index]!);
    } catch (error) {
      const { message } = error as Error;
      if (!(error instanceof StoreLostError)) this.connection.lose(message);
      const lost = error instanceof StoreLostError ? error : new StoreLostError(message);
      observer.failed(groups.length);
      for (const { reject } of groups) reject(lost);
    }
    this.waiting -= groups.length;
  }

  private settle({ resolve, reject }: Group, reply: string): void {
    if (!reply.startsWith("!")) {
      resolve(reply);
      return;
    }
    if (uselessAnswer.test(reply)) this.connection.lose(reply.slice(1));
    this.options.observer.failed(1);
    reject(new StoreLostError(reply.slice(1)));
  }

  /** Writes as policies will: a replica, or a user who may not, is found out now. It also leaves the script there. */
  private async probe(send: Send): Promise<void> {
    const step: StoreStep = { op: "set", key: "probe", values: [1, 60_000, "", "", ""] };
    const ignore = () => {};
    const group = { namespace: "", steps: [step], resolve: ignore, reject: ignore };
    const [, ...rest] = this.encode([group]);
    const [reply] = textsIn(await send(["EVAL", storeScript, ...rest]), 1);
    if (reply!.startsWith("!")) throw new Error(reply!.slice(1));
  }

  /** The command without its name. */
  private encode(groups: readonly Group[]): string[] {
    const keys: string[] = [];
    const values: string[] = [];
    for (const { namespace, steps } of groups) {
      values.push(String(steps.length));
      for (const step of steps) {
        const { op, key, values: own } = step;
        const isPin = isPinStep(step);
        // The operator's values are together: a list of them is one question.
        keys.push(storeKey(this.options.keyPrefix, namespace, kindOf(op), isPin ? "" : key));
        const first = isPin ? pinField(key) : String(own[0]);
        values.push(op, first, String(own[1]), String(own[2]), String(own[3]), String(own[4]));
      }
    }
    return [digest, String(keys.length), ...keys, ...values];
  }

  private onState(lost: StoreLostError | null): void {
    if (this.wasLost === (lost !== null)) return;
    this.wasLost = lost !== null;
    this.options.observer.state(lost);
  }
}

/** @throws what `send` does */
async function evaluate(send: Send, command: readonly string[]): Promise<unknown> {
  try {
    return await send(["EVALSHA", ...command]);
  } catch (error) {
    if (!(error as Error).message.startsWith("NOSCRIPT")) throw error;
    return send(["EVAL", storeScript, ...command.slice(1)]);
  }
}

/** @throws Error for what the script does not answer: it is another server, or one that has lost count */
function textsIn(answer: unknown, count: number): readonly string[] {
  const isRight =
    Array.isArray(answer) && answer.length === count && answer.every((text) => typeof text === "string");
  if (isRight) return answer as string[];
  throw new Error("it answered something else than was asked");
}

const pinOps: ReadonlySet<PinOp> = new Set(["pinned", "pin", "unpin", "pins"]);

function isPinStep({ op }: StoreStep): boolean {
  return pinOps.has(op as PinOp);
}

/** What is kept differently never has the same key. */
function kindOf(op: StoreStep["op"]): string {
  if (pinOps.has(op as PinOp)) return "v";
  return op.length === 1 ? op.toLowerCase() : "n";
}
