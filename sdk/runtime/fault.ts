import type { FaultText } from "./message.ts";

/** Longer ones say no more to anybody. */
const longest = 16 * 1024;

/** What was thrown, as text; whatever it is, describing it does not throw. */
export function describeFault(thrown: unknown): FaultText {
  try {
    if (thrown instanceof Error) {
      const [name, message] = [text(thrown.name), text(thrown.message)];
      const stack = text(thrown.stack ?? "");
      // QuickJS begins with the first frame, V8 with the message.
      const frames = stack.startsWith(name) ? stack : `${name}: ${message}\n${stack}`;
      return { name, message, stack: frames };
    }
    return { name: "Error", message: `Thrown: ${text(String(thrown))}`, stack: "" };
  } catch {
    return { name: "Error", message: "Thrown: a value that cannot be shown", stack: "" };
  }
}

function text(value: unknown): string {
  return String(value).slice(0, longest);
}
