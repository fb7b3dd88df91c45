import { HostOp } from "../../sdk/runtime/host-op.ts";
import type { HostHandler, ServicePart } from "../sandbox/host/services.ts";

/** What the host, or a real store, answers by itself; a test may hold back the answer to anything else. */
const answeredByItself: ReadonlySet<number> = new Set([
  HostOp.digest,
  HostOp.generateKey,
  HostOp.importKey,
  HostOp.exportKey,
  HostOp.sign,
  HostOp.verify,
  HostOp.encrypt,
  HostOp.decrypt,
  HostOp.deriveBits,
  HostOp.kvGet,
  HostOp.kvSet,
  HostOp.kvDelete,
  HostOp.kvIncrement,
  HostOp.storeFind,
  HostOp.storeRun,
]);

/** How long any other call is waited for from its beginning on, in real ms. */
const longestHeld = 100;
/** How long calls are waited for at one moment of the clock: a guest may make one after another without end. */
const longestMoment = 2000;

interface HostCall {
  /** Never rejects. */
  readonly over: Promise<unknown>;
  /** When it is no longer waited for. */
  readonly until: number;
}

/** Calls of guests to the host that are under way. They take real time, for which a test's clock has to wait. */
export class HostCalls {
  private readonly calls = new Set<HostCall>();

  /** The same operations, watched; but timers, which wait for the clock themselves. */
  watched({ handlers, ...part }: ServicePart): ServicePart {
    const own = Object.entries(handlers).map(
      ([op, handler]) => [op, this.watch(Number(op), handler)] as const,
    );
    return { ...part, handlers: Object.fromEntries(own) };
  }

  private watch(op: number, handler: HostHandler): HostHandler {
    if (op === HostOp.timer) return handler;
    const longest = answeredByItself.has(op) ? Number.POSITIVE_INFINITY : longestHeld;
    return (text, bytes, operation) => {
      const answer = handler(text, bytes, operation);
      if (answer instanceof Promise) this.add(answer, performance.now() + longest);
      return answer;
    };
  }

  private add(answer: Promise<unknown>, until: number): void {
    const call: HostCall = { over: answer.then(forget, forget), until };
    const { calls } = this;
    calls.add(call);
    function forget() {
      calls.delete(call);
    }
  }

  /** Resolves when none is under way, `turns` turns of the event loop after the last one. */
  async settled(turns: number): Promise<void> {
    const end = performance.now() + longestMoment;
    do {
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    } while (await this.oneIsOver(end));
  }

  /** False when there is none to wait for. */
  private async oneIsOver(end: number): Promise<boolean> {
    const now = performance.now();
    const awaited = [...this.calls].filter(({ until }) => Math.min(until, end) > now);
    if (awaited.length === 0) return false;
    const time = Promise.withResolvers<void>();
    const first = Math.min(end, ...awaited.map(({ until }) => until));
    const timer = setTimeout(time.resolve, first - now);
    await Promise.race([time.promise, ...awaited.map(({ over }) => over)]);
    clearTimeout(timer);
    return true;
  }
}
