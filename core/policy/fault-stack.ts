import { frameAt } from "../observe/code-frame.ts";
import type { LoggedText } from "../observe/logged-text.ts";
import { printable } from "../observe/printable.ts";
import type { MappedStack, SourcePosition, StackMapper } from "../observe/stack-trace.ts";
import type { GuestError } from "./outcome.ts";

/** The stacks of a fault and of what it came from; the place is that of the first one that has one. */
export function faultStack(fault: GuestError, mapStack: StackMapper, logged: LoggedText): MappedStack {
  const { name, message, stack, reasons = "" } = fault;
  const mapped = mapStack(stack || `${name}: ${message}`);
  if (reasons === "") return mapped;
  const text = `${mapped.text}\n${printable(logged.text(reasons))}`;
  return { text, top: mapped.top ?? mapStack(reasons).top };
}

/** What a log line says of a fault, with the lines of the author's text around its place. */
export function faultFields({ text, top }: MappedStack): object {
  const frame = frameOf(top);
  return { stack: text, ...(frame !== "" && { frame }) };
}

function frameOf(top: SourcePosition | null): string {
  return top === null || top.source === null ? "" : frameAt(top.source, top.line, top.column);
}
