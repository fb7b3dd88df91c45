import { HostOp } from "../../../sdk/runtime/host-op.ts";

/** What the integers are that guest and host share. */
export const sharedCells = { progress: 0, replyEnd: 1, isTooLong: 2, length: 3 } as const;

/**
 * Body of a function that starts the runtime inside the guest, given as `$0`, with the host
 * function `$1`, the shared integers `$2` and the longest text `$3` that may leave the guest. Runs before any code of the plugin.
 *
 * A text that is put together of others, such as one repeated, takes no memory in the guest; isolated-vm writes it down,
 * several times, in memory that no limit counts. So its length is looked at before it crosses, and so are the types: of anything
 * else texts would be copied as well. The length of a text is no property that a guest could change.
 *
 * Whatever a host call throws is dropped here, before guest code can see it: such an error comes from the
 * engine or from the host's own failure, and its stack names files of the host.
 *
 * `lastReply` gets a reply again that the engine withheld: a rejected promise that nobody handles makes
 * isolated-vm throw in place of what the function returned.
 *
 * Texts come as they are or in an array, as `textForGuest` says.
 *
 * Bytes of an outcome that is there when `dispatch` returns wait for `takeParcel`: isolated-vm copies the arguments
 * of a callback twice, and what a function returns once. The reply ends at `replyEnd` then, and behind it
 * stand the slot, a blank and the text of the outcome.
 */
export const connectScript = `"use strict";
const start = $0, host = $1, cells = $2, longest = $3;
const { bind, call } = Function.prototype;
const uncurry = bind.bind(call);
const getter = (object, name) => uncurry(Object.getOwnPropertyDescriptor(object, name).get);
const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
const typeOf = getter(typedArray, Symbol.toStringTag);
const lengthOf = getter(typedArray, "byteLength");
const bufferOf = getter(typedArray, "buffer");
const sizeOf = getter(ArrayBuffer.prototype, "byteLength");
const Bytes = Uint8Array;
const { isArray } = Array;

/** isolated-vm copies the whole buffer under a view. */
const exact = (bytes) => (sizeOf(bufferOf(bytes)) === lengthOf(bytes) ? bytes : new Bytes(bytes));

let reply, parcel, address, isInside = false;

/** Returns whether they wait here. */
const keep = (slot, text, bytes) => {
  if (!isInside || address !== undefined) return false;
  parcel = exact(bytes);
  address = slot + " " + text;
  return true;
};

const refusal = "!QuotaExceededError:Cannot hand over a text of more than " + longest + " characters at once: it is half of the memory limit";

/** The text; undefined, and the guest is lost, when it is too long. */
const bounded = (text) => {
  if (typeof text !== "string" || text.length <= longest) return text;
  cells[${sharedCells.isTooLong}] = 1;
};

const entry = start((op, id, text, bytes) => {
  try {
    if (typeof op !== "number" || typeof id !== "number" || typeof text !== "string") return "!Error:internal";
    if (bytes !== undefined && typeOf(bytes) !== "Uint8Array") return "!Error:internal";
    if (text.length > longest) return op === ${HostOp.outcome} && bounded(text) === undefined ? "=" : refusal;
    if (op === ${HostOp.outcome} && bytes !== undefined && keep(id, text, bytes)) return "=";
    const answer = host(op, id, text, bytes === undefined ? bytes : exact(bytes));
    return isArray(answer) ? answer[0] : answer;
  } catch {
    return "!Error:internal";
  }
}, "own", cells);

return {
  __proto__: null,
  load(plugin) {
    try {
      return (reply = bounded(entry.load(plugin)));
    } catch {
      // As in dispatch.
    }
  },
  dispatch(text, bytes) {
    reply = parcel = address = undefined;
    isInside = true;
    try {
      reply = bounded(entry.dispatch(typeof text === "string" ? text : text[0], bytes));
    } catch {
      // What guest code throws is not for the host: isolated-vm would read its properties.
    }
    isInside = false;
    if (reply === undefined || address === undefined) return reply;
    cells[${sharedCells.replyEnd}] = reply.length;
    return (reply += address);
  },
  lastReply() {
    return reply;
  },
  takeParcel() {
    const bytes = parcel;
    parcel = undefined;
    return bytes;
  },
};
`;
