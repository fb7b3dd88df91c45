/** Promises of a plugin that were rejected while nobody listened: its log says so, as of all that nobody can catch. */
import { HostOp } from "../../sdk/runtime/host-op.ts";
import type { HostCall } from "./engine.ts";

/** More of it would be cut in the log anyway, in UTF-16 code units. */
const longest = 8 * 1024;

/**
 * Writes a line for it, in the guest's name.
 *
 * @param reason of the realm of the host: reading it runs no code of a guest
 */
export function tellLostRejection(host: HostCall, reason: unknown): void {
  const { name, message, stack } =
    reason instanceof Error ? reason : { name: "Error", message: `Thrown: ${String(reason)}`, stack: "" };
  const fault = { name: cut(name), message: cut(message), stack: cut(stack) };
  host(HostOp.log, 0, JSON.stringify({ level: "error", fault }), undefined);
}

function cut(text: unknown): string {
  return typeof text === "string" ? text.slice(0, longest) : "";
}
