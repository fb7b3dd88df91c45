import { isUint8Array } from "node:util/types";

/** A mistake in what a test gave in the place of a message: the test itself is told of it. */
export class StandInError extends TypeError {}

/**
 * What a stand-in answered with, if it can be sent.
 *
 * @param of name of the option that the stand-in is
 * @throws StandInError
 */
export function demandResponse(given: unknown, of: "upstream" | "fetch"): Response {
  if (!(given instanceof Response)) throw new StandInError(`${of} returned something else than a Response`);
  if (given.bodyUsed || given.body?.locked) {
    throw new StandInError(`${of} returned a Response whose body was read before: make one for each request`);
  }
  return given;
}

/** @throws StandInError when it is no bytes */
export function demandBytes(part: unknown): Uint8Array {
  if (isUint8Array(part)) return part;
  throw new StandInError(
    `Cannot send the body: expected parts of Uint8Array, found ${typeof part}; new TextEncoderStream() makes them of texts`,
  );
}
