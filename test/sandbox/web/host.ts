import { urlParse, urlSet } from "../../../core/sandbox/host/url.ts";
import { utf8Decode, utf8Encode } from "../../../core/sandbox/host/utf8.ts";
import { bindErrors, bindHost } from "../../../sdk/runtime/host.ts";
import { makeHostError } from "../../../sdk/runtime/host-error.ts";
import { HostOp } from "../../../sdk/runtime/host-op.ts";

type HostFunction = (text: string, bytes: Uint8Array | undefined) => string | Uint8Array;

const webFunctions: Readonly<Record<number, HostFunction>> = {
  [HostOp.urlParse]: urlParse,
  [HostOp.urlSet]: urlSet,
  [HostOp.utf8Encode]: utf8Encode,
  [HostOp.utf8Decode]: utf8Decode,
};

/** Host calls made so far, by operation. */
export type CallCounts = Map<number, number>;

/**
 * Connects the guest runtime of this process to the host's own functions, without an engine between.
 *
 * @param more functions of other topics, by operation
 * @returns the calls, counted as they are made
 */
export function bindWebHost(more: Readonly<Record<number, HostFunction>> = {}): CallCounts {
  const functions = { ...webFunctions, ...more };
  const counts: CallCounts = new Map();
  bindErrors(makeHostError);
  bindHost((op, _id, text, bytes) => {
    counts.set(op, (counts.get(op) ?? 0) + 1);
    try {
      const answer = functions[op]!(text, bytes);
      return typeof answer === "string" ? `=${answer}` : answer;
    } catch (error) {
      const { name, message } = error as Error;
      return `!${name}:${message}`;
    }
  });
  return counts;
}
