import { callAsync, cancel } from "../host.ts";
import { HostOp } from "../host-op.ts";
import { ReaderCore } from "../streams/readable-core.ts";
import { type ReadableStream, readableCoreOf } from "../streams/readable-stream.ts";
import { type AbortSignal, onAbort } from "../web/abort.ts";

/** The longest part that the host takes, in bytes. */
const partBytes = 65_536;

/**
 * Sends a stream as the body of a fetch, each chunk when the host has taken the one before.
 *
 * @param id of the fetch
 * @returns never resolves, since the response decides; rejects when the stream itself fails
 */
export function sendBody(
  id: number,
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<never> {
  const reader = new ReaderCore(readableCoreOf(stream as ReadableStream<never>));
  const stop = (reason: unknown) => void reader.cancel(reason).then(undefined, () => {});
  const forget = onAbort(signal, () => stop(signal.reason));
  return new Promise((_resolve, reject) => {
    sendChunks(id, reader)
      .then(undefined, (error) => {
        // The host ends the fetch, and the reason that the plugin sees is this one.
        cancel(id);
        reject(error);
        stop(error);
      })
      .then(forget);
  });
}

/** @throws what the stream fails with; a host that wants no more is no failure of the stream */
async function sendChunks(id: number, reader: ReaderCore): Promise<void> {
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    const { value } = step;
    if (!(value instanceof Uint8Array)) {
      throw new TypeError("Cannot send the body: a chunk of its stream is not a Uint8Array");
    }
    try {
      for (let at = 0; at < value.length; at += partBytes) {
        await callAsync(HostOp.fetchWrite, `${id} part`, value.subarray(at, at + partBytes));
      }
    } catch (reason) {
      await reader.cancel(reason);
      return;
    }
  }
  await callAsync(HostOp.fetchWrite, `${id} end`).then(undefined, () => {});
}
