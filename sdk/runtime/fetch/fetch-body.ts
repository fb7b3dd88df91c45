import type { BodyProvider } from "../body.ts";
import { callAsync, cancel, type HostResult, startCall } from "../host.ts";
import { HostOp } from "../host-op.ts";
import { ReadableStream, type ReadableStreamDefaultController } from "../streams/readable-stream.ts";
import { type AbortSignal, onAbort } from "../web/abort.ts";

/** The body of a fetched response that was too long to come with its head: the host sends what is asked for. */
export class FetchedBody implements BodyProvider {
  readonly #id: number;
  readonly #signal: AbortSignal;
  readonly #stopWatching: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;

  /** @param id of the fetch */
  constructor(id: number, signal: AbortSignal) {
    this.#id = id;
    this.#signal = signal;
    this.#stopWatching = onAbort(signal, () => {
      closeCall(id);
      this.#controller?.error(signal.reason);
    });
  }

  async text(): Promise<string> {
    return (await this.#askForAll("text")) as string;
  }

  async bytes(): Promise<Uint8Array> {
    return (await this.#askForAll("bytes")) as Uint8Array;
  }

  stream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: (controller) => this.#pull(controller),
        cancel: () => {
          this.#stopWatching();
          closeCall(this.#id);
        },
      },
      { highWaterMark: 0 },
    );
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const part = await this.#ask("next");
    if (this.#signal.aborted) return;
    if (typeof part !== "string") return controller.enqueue(part);
    this.#stopWatching();
    controller.close();
  }

  async #askForAll(what: "text" | "bytes"): Promise<HostResult> {
    try {
      return await this.#ask(what);
    } finally {
      this.#stopWatching();
    }
  }

  async #ask(what: string): Promise<HostResult> {
    this.#signal.throwIfAborted();
    return startAbortable(HostOp.fetchRead, `${this.#id} ${what}`, undefined, this.#signal).promise;
  }
}

export interface AbortableCall {
  readonly id: number;
  readonly promise: Promise<HostResult>;
}

/** A host call that is given up when the signal is aborted, and fails with its reason. */
export function startAbortable(
  op: number,
  text: string,
  bytes: Uint8Array | undefined,
  signal: AbortSignal,
): AbortableCall {
  const { id, promise } = startCall(op, text, bytes);
  return { id, promise: untilAborted(id, promise, signal) };
}

function untilAborted(id: number, promise: Promise<HostResult>, signal: AbortSignal): Promise<HostResult> {
  return new Promise((resolve, reject) => {
    const stop = onAbort(signal, () => {
      cancel(id);
      reject(signal.reason);
    });
    promise.then(
      (result) => {
        stop();
        // Aborted between the host's answer and this moment: nobody will read the body.
        if (signal.aborted) closeCall(id);
        resolve(result);
      },
      (error) => {
        stop();
        reject(error);
      },
    );
  });
}

/** Nobody reads on. A call that is over already is no matter. */
function closeCall(id: number): void {
  callAsync(HostOp.fetchRead, `${id} close`).then(undefined, () => {});
}
