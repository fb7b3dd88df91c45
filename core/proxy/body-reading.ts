/** Why a guest does not get the body that it asked for. */
import { HostCallError } from "../sandbox/host/error.ts";

export function bodyWentOn(): HostCallError {
  return new HostCallError("InvalidStateError", "Cannot read the body: it has gone on its way");
}

/** A read without an end would be held for its guest for ever. */
export function exchangeIsOver(): HostCallError {
  return new HostCallError("AbortError", "Cannot read the body: its exchange is over");
}
