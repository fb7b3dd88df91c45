/** The host calls of one guest: answers what is known at once, and keeps count of what is under way. */
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import { HostCallError } from "../../sandbox/host/error.ts";
import { type HostServices, Operation } from "../../sandbox/host/services.ts";

type Answer = string | Uint8Array;

/** More at once than a well-meaning plugin needs. */
const mostOperations = 4096;

export class GuestOperations {
  private readonly services: HostServices;
  private readonly onDone: (id: number, answer: Answer) => void;
  private running = new Map<number, Operation>();

  constructor(services: HostServices, onDone: (id: number, answer: Answer) => void) {
    this.services = services;
    this.onDone = onDone;
  }

  /**
   * A call as the guest made it; see `HostCall`. Never throws.
   *
   * @param instead runs in place of the service of that operation
   */
  run(
    op: number,
    id: number,
    text: string,
    bytes: Uint8Array | undefined,
    instead: (() => Answer | Promise<Answer>) | null,
  ): Answer | undefined {
    if (op === HostOp.cancel) {
      this.cancel(id);
      return "=";
    }
    // All timers of a guest wait for one operation.
    const most = op === HostOp.timer ? mostOperations + 1 : mostOperations;
    // Without a number it has its answer at once, and takes no place.
    if (id !== 0 && this.running.size >= most) {
      return `!QuotaExceededError:Cannot begin an operation: ${mostOperations} are under way, wait for some of them first`;
    }
    // Two under one number would be one in this count.
    if (this.running.has(id)) return "!InvalidStateError:The operation is under way";
    const operation = new Operation(id);
    try {
      const answer = instead === null ? this.services.call(op, text, bytes, operation) : instead();
      if (!(answer instanceof Promise)) return wrap(answer);
      if (id === 0) return this.giveUp(answer, operation);
      this.finishLater(id, answer, operation);
      return undefined;
    } catch (error) {
      return refusal(error);
    }
  }

  private finishLater(id: number, answer: Promise<Answer>, operation: Operation): void {
    const { running } = this;
    running.set(id, operation);
    const done = (result: Answer) => {
      // It was cancelled, or belonged to a guest that is gone.
      if (running.get(id) !== operation) return;
      running.delete(id);
      this.onDone(id, result);
    };
    answer.then(
      (result) => done(wrap(result)),
      (error) => done(refusal(error)),
    );
  }

  /** Nobody could be told how it ends. */
  private giveUp(answer: Promise<Answer>, operation: Operation): string {
    answer.catch(() => {});
    operation.cancel();
    this.services.cancel(operation.id);
    return "!TypeError:The operation has no immediate answer";
  }

  private cancel(id: number): void {
    const operation = this.running.get(id);
    this.running.delete(id);
    operation?.cancel();
    this.services.cancel(id);
  }

  /** The guest is gone. */
  abandon(): void {
    const { running } = this;
    this.running = new Map();
    for (const operation of running.values()) operation.cancel();
    running.clear();
    this.services.dispose();
  }
}

function wrap(answer: Answer): Answer {
  return typeof answer === "string" ? `=${answer}` : answer;
}

/** Host errors that are not meant for guests say nothing: they could tell paths. */
function refusal(error: unknown): string {
  if (error instanceof HostCallError) return `!${error.name}:${error.message}`;
  return "!Error:The operation failed";
}
