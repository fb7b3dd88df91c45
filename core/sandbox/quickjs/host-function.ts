import type { HostCall } from "../engine.ts";
import type { Pointer } from "./build.ts";
import type { Machine } from "./machine.ts";

/** What the guest hears when the host's side of an operation breaks its word and throws. */
const hostFailed = "!Error:The host could not answer";

/**
 * Answers one call of the guest's host function.
 *
 * @param argv operation, its number, a text and perhaps an ArrayBuffer
 * @returns a value for the guest; 0 when the answer comes later
 * @throws Error when the answer or the question does not come across: the guest is unusable then
 */
export function answerHostCall(machine: Machine, host: HostCall, argc: number, argv: Pointer): Pointer {
  const { functions, context, heap } = machine;
  const argument = functions.QTS_ArgvGetJSValueConstPointer;
  const op = functions.QTS_GetFloat64(context, argument(argv, 0));
  const id = functions.QTS_GetFloat64(context, argument(argv, 1));
  const text = heap.readText(argument(argv, 2));
  const bytes = argc > 3 ? heap.readBytes(argument(argv, 3)) : undefined;
  const answer = ask(host, op, id, text, bytes);
  if (answer === undefined) return 0;
  return typeof answer === "string" ? heap.newText(answer) : heap.newBytes(answer);
}

function ask(
  host: HostCall,
  op: number,
  id: number,
  text: string,
  bytes: Uint8Array | undefined,
): ReturnType<HostCall> {
  try {
    return host(op, id, text, bytes);
  } catch {
    return hostFailed;
  }
}
