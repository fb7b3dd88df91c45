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

/** How often any other call is waited for, and how long in real ms: a thread that was busy has not waited. */
const waits = 20;
const longestWait = 5;
/** How long calls are waited for at one moment of the clock: a guest may make one after another without end. */
const longestMoment = 2000;

interface HostCall {
  /** Never rejects. */
  readonly over: Promise<unknown>;
  /** How often it is still waited for. */
  waits: number;
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
    const most = answeredByItself.has(op) ? Number.POSITIVE_INFINITY : waits;
    return (text, bytes, operation) => {
      const answer = handler(text, bytes, operation);
      if (answer instanceof Promise) this.add(answer, most);
      return answer;
    };
  }

  private add(answer: Promise<unknown>, most: number): void {
    const call: HostCall = { over: answer.then(forget, forget), waits: most };
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
    const awaited = [...this.calls].filter((call) => call.waits > 0);
    if (awaited.length === 0 || performance.now() >= end) return false;
    const time = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      for (const call of awaited) call.waits--;
      time.resolve();
    }, longestWait);
    await Promise.race([time.promise, ...awaited.map(({ over }) => over)]);
    clearTimeout(timer);
    return true;
  }
}
