import type { HostCall } from "../engine.ts";
import { textForGuest } from "./text.ts";

const internal = "!Error:internal";

type GuestAnswer = ReturnType<typeof textForGuest> | Uint8Array | undefined;

/**
 * The host function as it may be given to a guest: it takes only the types it expects and never throws,
 * because an error that crosses carries the host's stack.
 */
export function guardHostCall(host: HostCall): (...args: Parameters<HostCall>) => GuestAnswer {
  return (op, id, text, bytes) => {
    try {
      if (typeof op !== "number" || typeof id !== "number" || typeof text !== "string") return internal;
      if (bytes !== undefined && !(bytes instanceof Uint8Array)) return internal;
      return crossing(host(op, id, text, bytes));
    } catch {
      return internal;
    }
  };
}

function crossing(answer: unknown): GuestAnswer {
  if (typeof answer === "string") return textForGuest(answer);
  if (answer === undefined) return answer;
  return answer instanceof Uint8Array ? exactBytes(answer) : internal;
}

/**
 * The same bytes with no others behind them. isolated-vm copies the whole buffer under a view, and
 * Node's Buffers share theirs with bytes of other requests.
 */
export function exactBytes(bytes: Uint8Array): Uint8Array {
  const { buffer } = bytes;
  const isExact = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  return isExact ? bytes : new Uint8Array(bytes);
}
