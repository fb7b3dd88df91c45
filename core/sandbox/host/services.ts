/** What the host does for a guest. */
import type { HostCounters } from "../../../sdk/runtime/counters.ts";
import { HostCallError } from "./error.ts";

type Answer = string | Uint8Array;

/** One operation. May throw a HostCallError; an answer that takes time stops when the operation's signal aborts. */
export type HostHandler = (
  text: string,
  bytes: Uint8Array | undefined,
  operation: Operation,
) => Answer | Promise<Answer>;

/** A call that may be given up. */
export class Operation {
  /** 0 when the guest wants the answer at once. */
  readonly id: number;
  private controller: AbortController | null = null;

  constructor(id: number) {
    this.id = id;
  }

  /** Made only for those that look at it. */
  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    return this.controller.signal;
  }

  cancel(): void {
    this.controller?.abort();
  }
}

export type HostHandlers = Readonly<Record<number, HostHandler>>;

/** The operations of one guest, from its first entry to its end. */
export class HostServices {
  private readonly handlers: HostHandlers;
  private readonly parts: readonly ServicePart[];

  constructor(parts: readonly ServicePart[]) {
    this.parts = parts;
    this.handlers = Object.assign(Object.create(null), ...parts.map(({ handlers }) => handlers));
  }

  /** For guests in the host's own realm, which need no texts. */
  get counters(): HostCounters | null {
    return this.parts.find(({ counters }) => counters !== undefined)?.counters ?? null;
  }

  /** @throws HostCallError */
  call(
    op: number,
    text: string,
    bytes: Uint8Array | undefined,
    operation: Operation,
  ): Answer | Promise<Answer> {
    const handler = this.handlers[op];
    if (handler === undefined) throw new HostCallError("NotSupportedError", "The operation does not exist");
    return handler(text, bytes, operation);
  }

  /** The guest gave up an operation, or what it led to. */
  cancel(id: number): void {
    for (const part of this.parts) part.cancel?.(id);
  }

  dispose(): void {
    for (const part of this.parts) part.dispose?.();
  }
}

/** Operations that belong together. */
export interface ServicePart {
  readonly handlers: HostHandlers;
  readonly counters?: HostCounters;
  cancel?(id: number): void;
  dispose?(): void;
}
