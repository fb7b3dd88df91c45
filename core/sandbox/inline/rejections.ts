/**
 * Rejections that nobody handled in the host's own realm. Nothing says whose promise it was: the frames of the error
 * do, if it has some.
 */
import type { HostCall } from "../engine.ts";
import { tellLostRejection } from "../lost-rejection.ts";

/** By the name of their script; of several guests of one plugin the last. */
const hosts = new Map<string, HostCall>();

/** @param script of a guest, as stack traces name it */
export function listenFor(script: string, host: HostCall): void {
  hosts.set(script, host);
}

export function listenNoMore(script: string, host: HostCall): void {
  if (hosts.get(script) === host) hosts.delete(script);
}

/**
 * Tells the plugin's log of a rejection that the process heard of. Returns false when it is no plugin's, as far as can
 * be seen; never throws.
 *
 * @example process.on("unhandledRejection", (reason) => tellPlugin(reason) || log.error({ err: reason }));
 */
export function tellPlugin(reason: unknown): boolean {
  try {
    const host = hostOf(reason);
    if (host === undefined) return false;
    tellLostRejection(host, reason);
    return true;
  } catch {
    return false;
  }
}

/** Of the frame nearest to the error that is a plugin's. */
function hostOf(reason: unknown): HostCall | undefined {
  if (!(reason instanceof Error)) return undefined;
  const { message, stack = "" } = reason;
  // A message may tell anything, and is the first part of a stack.
  const frames = stack.slice(stack.indexOf(message) + message.length).split("\n");
  for (const frame of frames) {
    const [, script] = /(?:\(|at )([^()\s]+):\d+:\d+\)?$/.exec(frame) ?? [];
    const host = script === undefined ? undefined : hosts.get(script);
    if (host !== undefined) return host;
  }
  return undefined;
}
