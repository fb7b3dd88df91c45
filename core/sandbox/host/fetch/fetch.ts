/**
 * The host's side of `fetch`: what one guest asks for, within what it was granted. The guest's runtime
 * is not trusted with any of it; every message is checked here.
 */
import { HostCallError } from "../error.ts";
import { type Grant, type GrantConfig, parseGrant } from "../outbound/grant.ts";
import { Turns } from "../turns.ts";
import { ByteBudget } from "./budget.ts";
import { type CallContext, type CallRecord, FetchCall, type Outbound } from "./call.ts";
import { failureCode, fetchFailure } from "./failure.ts";
import { defaultFetchLimits, type FetchLimits } from "./limits.ts";
import { type FetchRequest, parseFetchRequest, parseReadRequest, parseWriteRequest } from "./message.ts";

export interface FetchHostOptions {
  /** What the operator granted. */
  readonly grants: readonly GrantConfig[];
  readonly limits?: Partial<FetchLimits>;
  /** Whether one more call may start now, for budgets of the caller's own. */
  readonly admit?: () => boolean;
  /** Called when a call is over, for logs and metrics. */
  readonly onCall?: (summary: CallSummary) => void;
}

export type Connect = (grants: readonly Grant[], limits: FetchLimits) => Outbound;

/** A call that is over. Paths and queries are left out: they hold secrets. */
export interface CallSummary extends Omit<CallRecord, "failure"> {
  /** `ECONNREFUSED`, `NotAllowedError`; null when all went well. */
  readonly failure: string | null;
  /** From start to end. */
  readonly ms: number;
}

/** Handlers of `HostOp.fetch`, `fetchRead`, `fetchWrite` and `cancel`; `id` is the operation's. */
export interface FetchHost {
  fetch(text: string, bytes: Uint8Array | undefined, id: number): Promise<string>;
  fetchRead(text: string, bytes: Uint8Array | undefined, id: number): Promise<string | Uint8Array>;
  fetchWrite(text: string, bytes: Uint8Array | undefined, id: number): Promise<string>;
  /** Gives up the call that the operation belongs to; an unknown id is no mistake. */
  cancel(id: number): void;
  /** Ends all calls and closes all connections. */
  dispose(): Promise<void>;
}

/**
 * Makes the host's side of `fetch` for one guest.
 *
 * @param connect makes what the requests go through; each of them was checked by then
 * @throws Error for a grant that is no origin
 * @example
 * const host = createFetchHost({ grants: ["https://api.example.com"] }, () => network);
 */
export function createFetchHost(options: FetchHostOptions, connect: Connect): FetchHost {
  return new GuestFetches(options, connect);
}

class GuestFetches implements FetchHost {
  private readonly options: FetchHostOptions;
  private readonly outbound: Outbound;
  private readonly context: CallContext;
  /** By the id of the operation that started them. */
  private readonly calls = new Map<number, FetchCall>();
  /** Reads and writes that have not been answered: the id of each, and its call. */
  private readonly waiting = new Map<number, FetchCall>();
  /** Why calls failed whose bodies nobody was reading then. The oldest go first. */
  private readonly failures = new Map<number, HostCallError>();
  private isDisposed = false;

  constructor(options: FetchHostOptions, connect: Connect) {
    const limits = { ...defaultFetchLimits, ...options.limits };
    const grants = options.grants.map(parseGrant);
    this.options = options;
    this.outbound = connect(grants, limits);
    this.context = {
      outbound: this.outbound,
      grants,
      limits,
      budget: new ByteBudget(limits.heldBytes, "bodies of all calls under way are too long together"),
      turns: new Turns(limits.concurrent),
    };
  }

  async fetch(text: string, bytes: Uint8Array | undefined, id: number): Promise<string> {
    const request = this.admitted(text, bytes, id);
    const start = performance.now();
    const call = new FetchCall(this.context, (record) => {
      this.calls.delete(id);
      this.remember(id, record);
      this.report(record, performance.now() - start);
    });
    this.calls.set(id, call);
    return call.run(request);
  }

  async fetchRead(text: string, _bytes: Uint8Array | undefined, id: number): Promise<string | Uint8Array> {
    const { call: callId, what } = parseReadRequest(text);
    const call = this.callOf(callId);
    if (what === "close") return this.close(call);
    return this.whileWaiting(id, call, async () => {
      if (what === "next") return ownCopy((await call.read()) ?? "");
      const body = await call.readAll();
      return what === "text" ? asText.decode(body) : ownCopy(body);
    });
  }

  async fetchWrite(text: string, bytes: Uint8Array | undefined, id: number): Promise<string> {
    const { call: callId, what } = parseWriteRequest(text);
    const call = this.callOf(callId);
    if (what === "fail") return this.close(call);
    if (what === "end") call.endBody();
    else await this.whileWaiting(id, call, () => call.write(bytes ?? new Uint8Array(0)));
    return "";
  }

  cancel(id: number): void {
    const call = this.calls.get(id) ?? this.waiting.get(id);
    if (call) this.close(call);
  }

  async dispose(): Promise<void> {
    this.isDisposed = true;
    for (const call of [...this.calls.values()]) this.close(call);
    await this.outbound.destroy();
  }

  private admitted(text: string, bytes: Uint8Array | undefined, id: number): FetchRequest {
    try {
      if (this.isDisposed) throw new HostCallError("AbortError", "plugin was unloaded");
      const { concurrent, waiting, requestBytes } = this.context.limits;
      const request = parseFetchRequest(text, bytes, requestBytes);
      if (this.calls.has(id)) throw new HostCallError("TypeError", "call was started before");
      if (this.calls.size >= concurrent + waiting) {
        throw new HostCallError(
          "QuotaExceededError",
          `${this.calls.size} calls are under way; bodies must be read or cancelled`,
        );
      }
      if (this.options.admit && !this.options.admit()) {
        throw new HostCallError("QuotaExceededError", "outbound calls are used up");
      }
      return request;
    } catch (error) {
      throw fetchFailure(error, "");
    }
  }

  private callOf(id: number): FetchCall {
    const call = this.calls.get(id);
    if (!call) throw this.failures.get(id) ?? new HostCallError("TypeError", "fetch failed: call is over");
    return call;
  }

  private remember(id: number, { method, origin, failure }: CallRecord): void {
    if (failure === null) return;
    if (this.failures.size >= this.context.limits.concurrent) {
      this.failures.delete(this.failures.keys().next().value!);
    }
    this.failures.set(id, fetchFailure(failure, `${method} ${origin ?? ""}`.trim()));
  }

  private async whileWaiting<T>(id: number, call: FetchCall, act: () => Promise<T>): Promise<T> {
    this.waiting.set(id, call);
    try {
      return await act();
    } finally {
      this.waiting.delete(id);
    }
  }

  private close(call: FetchCall): string {
    call.end(new HostCallError("AbortError", "given up"));
    return "";
  }

  private report({ failure, ...record }: CallRecord, ms: number): void {
    this.options.onCall?.({ ...record, failure: failure === null ? null : failureCode(failure), ms });
  }
}

/** The guest takes a byte order mark away by itself. */
const asText = new TextDecoder("utf-8", { ignoreBOM: true });

/** Buffers share memory with others, all of which would cross with a view of it. */
function ownCopy<T extends string | Uint8Array>(part: T): T | Uint8Array<ArrayBuffer> {
  return typeof part === "string" ? part : Uint8Array.from(part);
}
