import { errorHead } from "./error-text.ts";
import type { FaultText } from "./message.ts";
import { clip, inspect } from "./web/inspect.ts";

/** Longer ones say no more to anybody. */
const longest = 16 * 1024;
/** What is said in one line of causes and of errors inside of others: so much, and so deep. */
const longestBrief = 1024;
const deepest = 3;
const mostErrors = 10;

const { getOwnPropertyDescriptor } = Object;
const { isArray: isList } = Array;
const NativeError = Error;

/** What was thrown, as text; whatever it is, describing it does not throw. */
export function describeFault(thrown: unknown): FaultText {
  try {
    if (!(thrown instanceof NativeError)) {
      return { name: "Error", message: `Thrown: ${text(valueText(thrown))}`, stack: "", reasons: "" };
    }
    const [name, message] = [text(thrown.name), text(thrown.message)];
    const stack = text(thrown.stack ?? "");
    // QuickJS begins with the first frame, V8 with the message.
    const frames = stack.startsWith(name) ? stack : `${name}: ${message}\n${stack}`;
    return { name, message: message + brief(thrown, message), stack: frames, reasons: reasonsOf(thrown) };
  } catch {
    return { name: "Error", message: "Thrown: a value that cannot be shown", stack: "", reasons: "" };
  }
}

/** What it came from, with stacks; no getter runs for it. */
function reasonsOf(error: object): string {
  return ["cause", "errors"]
    .map((key) => [key, dataOf(error, key)] as const)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `[${key}]: ${inspect(value)}`)
    .join("\n");
}

/** The same in one line. */
function brief(error: object, message: string): string {
  const found = clip(briefly(error, 0), longestBrief);
  return message === "" ? found.trimStart() : found;
}

function briefly(error: object, level: number): string {
  const cause = dataOf(error, "cause");
  const errors = dataOf(error, "errors");
  const texts = [];
  if (cause !== undefined) texts.push(`cause: ${briefValue(cause, level)}`);
  if (isList(errors)) {
    const places = Array.from({ length: Math.min(errors.length, mostErrors) }, (_, at) => String(at));
    texts.push(`errors: ${places.map((at) => briefValue(dataOf(errors, at), level)).join(", ")}`);
  }
  return texts.length === 0 ? "" : ` (${texts.join("; ")})`;
}

function briefValue(value: unknown, level: number): string {
  try {
    if (value instanceof NativeError && level < deepest) return errorHead(value) + briefly(value, level + 1);
  } catch {
    // It is a proxy: what it is is not to be found out.
  }
  return inspect(value, 1);
}

/** Undefined also for what is computed. */
function dataOf(holder: object, key: string): unknown {
  try {
    return getOwnPropertyDescriptor(holder, key)?.value;
  } catch {
    return undefined;
  }
}

function valueText(value: unknown): string {
  const said = String(value);
  return said.startsWith("[object ") ? inspect(value) : said;
}

function text(value: unknown): string {
  return String(value).slice(0, longest);
}
