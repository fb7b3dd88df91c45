/** `console` (the Console Standard): each call is a line of the log, with the place that it came from. */
import { callerPosition } from "../caller-position.ts";
import { callText } from "../host.ts";
import { HostOp } from "../host-op.ts";
import { clip, inspect } from "./inspect.ts";
import { performance } from "./performance.ts";

export type ConsoleLevel = "debug" | "info" | "warn" | "error";

const defaultLabel = "default";

export class Console {
  #indent = "";
  #counts: Map<string, number> | null = null;
  #timers: Map<string, number> | null = null;

  log = (...values: unknown[]): void => this.#write("info", format(values));
  info = (...values: unknown[]): void => this.#write("info", format(values));
  debug = (...values: unknown[]): void => this.#write("debug", format(values));
  warn = (...values: unknown[]): void => this.#write("warn", format(values));
  error = (...values: unknown[]): void => this.#write("error", format(values));
  dir = (value?: unknown): void => this.#write("info", inspect(value));
  dirxml = (...values: unknown[]): void => this.#write("info", format(values));
  table = (value?: unknown): void => this.#write("info", format([value]));

  trace = (...values: unknown[]): void => {
    const stack = inspect(new Error()).split("\n").slice(1).join("\n");
    this.#write("info", `Trace: ${format(values)}\n${stack}`);
  };

  assert = (condition?: unknown, ...values: unknown[]): void => {
    if (condition) return;
    const text = format(values);
    this.#write("error", text === "" ? "Assertion failed" : `Assertion failed: ${text}`);
  };

  count = (label: unknown = defaultLabel): void => {
    this.#counts ??= new Map();
    const name = labelText(label);
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    this.#write("info", `${name}: ${count}`);
  };

  countReset = (label: unknown = defaultLabel): void => {
    this.#counts?.delete(labelText(label));
  };

  time = (label: unknown = defaultLabel): void => {
    this.#timers ??= new Map();
    const name = labelText(label);
    if (this.#timers.has(name)) this.#write("warn", `Timer "${name}" runs already`);
    else this.#timers.set(name, performance.now());
  };

  timeLog = (label: unknown = defaultLabel, ...values: unknown[]): void => {
    this.#elapsed(labelText(label), format(values));
  };

  timeEnd = (label: unknown = defaultLabel): void => {
    const name = labelText(label);
    this.#elapsed(name, "");
    this.#timers?.delete(name);
  };

  group = (...values: unknown[]): void => {
    if (values.length > 0) this.#write("info", format(values));
    if (this.#indent.length < 40) this.#indent += "  ";
  };

  groupCollapsed = this.group;

  groupEnd = (): void => {
    this.#indent = this.#indent.slice(2);
  };

  /** There is no screen to clear. */
  clear = (): void => {
    this.#indent = "";
  };

  get [Symbol.toStringTag](): string {
    return "console";
  }

  #elapsed(name: string, text: string): void {
    const start = this.#timers?.get(name);
    if (start === undefined) {
      this.#write("warn", `Timer "${name}" does not exist`);
      return;
    }
    const line = `${name}: ${(performance.now() - start).toFixed(1)} ms`;
    this.#write("info", text === "" ? line : `${line} ${text}`);
  }

  #write(level: ConsoleLevel, text: string): void {
    const indent = this.#indent;
    const message = clip(indent === "" ? text : indent + text.replaceAll("\n", `\n${indent}`));
    callText(HostOp.log, JSON.stringify({ level, message, position: callerPosition() }));
  }
}

export const console = new Console();

/**
 * The arguments of a console call as one text: the first may hold `%s`, `%d`, `%i`, `%f`, `%o`,
 * `%O`, `%j` and `%c`; strings are shown as they are.
 *
 * @example format(["%s has %d", "cart", 3, { id: 1 }]) // cart has 3 { id: 1 }
 */
export function format(values: readonly unknown[]): string {
  const [first] = values;
  if (typeof first !== "string") return join("", values);
  if (values.length === 1 || !first.includes("%")) return join(clip(first), values.slice(1));
  let used = 1;
  const text = clip(first).replace(/%[sdifoOjc%]/g, (mark) => {
    if (mark === "%%") return "%";
    return used < values.length ? substitute(mark, values[used++]) : mark;
  });
  return join(text, values.slice(used));
}

function join(head: string, values: readonly unknown[]): string {
  let text = head;
  for (const [at, value] of values.entries()) {
    if (text.length > 2 * 8192) break;
    if (at > 0 || head !== "") text += " ";
    text += typeof value === "string" ? clip(value) : inspect(value);
  }
  return clip(text);
}

function substitute(mark: string, value: unknown): string {
  if (mark === "%c") return "";
  if (mark === "%s") return typeof value === "string" ? clip(value) : inspect(value, 0);
  if (mark === "%o" || mark === "%O" || mark === "%j") return inspect(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "number" && typeof value !== "string") return "NaN";
  if (mark === "%d") return String(Number(value));
  return String(mark === "%i" ? Number.parseInt(String(value), 10) : Number.parseFloat(String(value)));
}

function labelText(label: unknown): string {
  return typeof label === "string" ? clip(label, 100) : clip(inspect(label, 0), 100);
}
